"""Calibrating a base platform to records: fit, residual, scores, interval and verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.calibration.fitting.fit import Fit, fit_measured
from stairline.calibration.fitting.measured import Measured, prepare_records
from stairline.calibration.fitting.parameters import Parameter, parameters
from stairline.calibration.fitting.residual import Trained, train
from stairline.calibration.judging.baselines import Baselines, about_skill, baselines
from stairline.calibration.judging.headline import Headline, headline
from stairline.calibration.judging.intervals import Coverage, Interval, coverage, interval, outline
from stairline.calibration.judging.refusals import refuse
from stairline.calibration.judging.scores import (
    HeldOut,
    Score,
    chosen_by_others,
    drawn,
    fold_numbers,
    held_out,
    helps,
    over_families,
)
from stairline.calibration.judging.verdict import (
    MOST_AT_BOUND,
    Fact,
    about_bound,
    about_fit,
    about_machine,
    about_records,
    about_residual,
    about_scores,
    at_bound,
)
from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.record import Records
from stairline.hwmodels import Platform
from stairline.hwmodels.schema import WIDEST
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.arrays import Vector

FEWEST_CORRECTED = 30
"""Observations below which nothing is corrected: trees would learn them by heart."""


class Calibrated(NamedTuple):
    """A base platform fitted to records, and how good that is. Errors are log(predicted / observed) per observation."""

    base: Platform
    records: Records
    measured: Measured
    start: tuple[Parameter, ...]
    fit: Fit
    platform: Platform
    """The fitted platform, with its residual where it has one."""
    trained: Trained | None
    """The residual; None where it is of no use for networks held out."""
    verdict: tuple[Fact, ...]
    base_errors: Vector
    analytical: HeldOut
    """Errors of the models alone."""
    held_out: HeldOut
    """Errors of the platform as it is written, residual or not."""
    interval: Interval
    analytical_interval: Interval
    """The interval of the models alone."""
    coverage: Coverage

    @property
    def beside(self) -> Baselines:
        """Errors by predictions that need no fit."""
        return baselines(self.measured, self.base_errors)

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(observations,): whether each is a whole network, and no single operator or block."""
        return np.array([bool(name) for name in self.measured.families])

    @property
    def headline(self) -> Headline:
        """The verdict in one line: whether the overlay is usable, and the one reason."""
        limits = sum(fact.name == "at_limit" for fact in self.verdict)
        return headline(self.verdict, self.held_out.folds, self.whole, (limits, len(self.fit.parameters)))

    @property
    def families(self) -> Score | None:
        """The mean score over families, each left out of the fit; None where no family was."""
        return over_families(self.measured, self.held_out)


def calibrate(base: Platform, records: Records, graphs: Iterable[Graph], *, correct: bool = True) -> Calibrated:
    """Fit what ``base`` marks ``fit`` to the records, and correct what is left where that helps and ``correct`` asks.

    Raises RecordsError where nothing should be fitted to them, PlatformError for a precision that the base lacks.
    """
    start = _fittable(base, records)
    measured, tabled = prepare_records(base, records, graphs)
    base_errors = measured.log_errors(base)
    _verify_networks(records, measured, base_errors)
    fitted = fit_measured(base, drawn(measured, np.arange(len(measured))))
    analytical, corrected = held_out(base, measured)
    trained, share = _corrected(fitted, measured, analytical, corrected) if correct else (None, 0.0)
    platform = replace(fitted.platform, residual=trained.residual if trained else None)
    errors = chosen_by_others(measured, analytical, corrected) if trained else analytical
    seen = outline(platform, measured)
    found = _usable(interval(seen, errors), base, records)
    return Calibrated(
        base=base,
        records=records,
        measured=measured,
        start=start,
        fit=fitted,
        platform=platform,
        trained=trained,
        verdict=(
            *about_records(records.rows, measured, tabled),
            *about_machine(records.paces),
            *about_fit(fitted, len(measured), base_errors),
            *about_scores(errors.folds, base_errors),
            *about_skill(errors.folds, baselines(measured, base_errors)),
            *about_bound(share),
            *about_residual(fitted.platform, measured, trained),
        ),
        base_errors=base_errors,
        analytical=analytical,
        held_out=errors,
        interval=found,
        analytical_interval=interval(seen, analytical),
        coverage=coverage(seen, errors, fold_numbers(measured)),
    )


def _corrected(
    fitted: Fit, measured: Measured, analytical: HeldOut, corrected: HeldOut
) -> tuple[Trained | None, float]:
    """The residual where it is of use, and the share of the time in which its corrections are at their limit."""
    if not _is_worthwhile(measured, analytical, corrected):
        return None, 0.0
    trained = train(fitted.platform, measured)
    share = at_bound(fitted.platform, measured, trained)
    return (trained if share <= MOST_AT_BOUND else None), share


def _fittable(base: Platform, records: Records) -> tuple[Parameter, ...]:
    """The parameters that may be fitted to the records.

    Raises RecordsError where there are none, PlatformError for a precision that the base lacks.
    """
    dtypes = frozenset(row.dtype for row in records.rows)
    for dtype in dtypes:
        base.machine(dtype)
    start = parameters(base, dtypes)
    if not start:
        raise RecordsError(f"{base.name}: nothing to fit: no number for {', '.join(dtypes)} is marked fit = true")
    return start


def _verify_networks(records: Records, measured: Measured, base_errors: Vector) -> None:
    """Raises RecordsError for a single network, and for latencies to which nothing should be fitted."""
    if len(set(measured.names)) < 2:
        raise RecordsError(f"{records.name}: only one network of it is in the layer table; measure several")
    refuse(records, measured, base_errors)


def _usable(found: Interval, base: Platform, records: Records) -> Interval:
    """The interval itself. Raises RecordsError for one that no platform file may state."""
    if WIDEST < found.factor < inf:
        wide = f"predictions for records held out of the fit are off by a factor of {found.factor:.3g}"
        raise RecordsError(f"{records.name}: {wide}; is {base.name} of this device, runtime and precision?")
    return found


def _is_worthwhile(measured: Measured, analytical: HeldOut, corrected: HeldOut) -> bool:
    """Whether corrections help networks held out, and networks of families held out too."""
    if len(measured) < FEWEST_CORRECTED or not helps(analytical.folds, corrected.folds):
        return False
    by_family = over_families(measured, analytical), over_families(measured, corrected)
    return by_family[0] is None or by_family[1] is None or by_family[1].mape <= by_family[0].mape
