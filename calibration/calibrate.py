"""From a file of measurements to an overlay: fit, verdict, scores and interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from math import isinf
from typing import NamedTuple

import numpy as np

from hwmodels import Platform
from hwmodels.overlay import Calibration, Change, OverlayFile, Scores
from hwmodels.provenance import Quantity, Source
from hwmodels.schema import Uncertainty
from hwmodels.text import did_you_mean
from simulator.graph import Graph

from .errors import RecordsError
from .fit import Fit, fit_measured
from .intervals import COVERAGE, UNKNOWN, Interval, interval, outline
from .parameters import Parameter, parameters
from .pricing import Measured, Vector, prepare
from .records import Records
from .residual import Trained, train
from .scores import (
    HeldOut,
    Score,
    drawn,
    family_scores,
    held_out_families,
    held_out_folds,
    mean_score,
    score,
)
from .verdict import Fact, about_fit, about_records, about_residual, about_scores, refusals

FEWEST_CORRECTED = 30
"""Observations below which nothing is corrected: trees would learn them by heart."""

WORTHWHILE = 0.98
"""A residual is kept where the mean error on networks held out is at most this part of the analytical one."""


class Calibrated(NamedTuple):
    """A base platform fitted to records, and how good that is. Errors are log(predicted / observed) per observation."""

    base: Platform
    records: Records
    measured: Measured
    start: tuple[Parameter, ...]
    fit: Fit
    trained: Trained | None
    """The residual on top of the fit; None where it is of no use for networks held out."""
    verdict: tuple[Fact, ...]
    base_errors: Vector
    folds: HeldOut
    """Each by a fit to the other folds."""
    left_out: HeldOut | None
    """Each by a fit to the other families; None where names tell no families apart."""
    interval: Interval

    @property
    def platform(self) -> Platform:
        """The fitted platform, with its residual where it has one."""
        return self.fit.platform if self.trained is None else replace(self.fit.platform, residual=self.trained.residual)

    @property
    def fold_errors(self) -> Vector:
        """Of the platform as it is written, residual or not, on folds held out."""
        return self._of(self.folds)

    @property
    def family_errors(self) -> Vector | None:
        """The same on families held out."""
        return None if self.left_out is None else self._of(self.left_out)

    @property
    def families(self) -> Score | None:
        """Mean over families, each left out of the fit."""
        return self.over_families(self.family_errors)

    def over_families(self, errors: Vector | None) -> Score | None:
        """Mean over families of the scores of these errors."""
        return None if errors is None else mean_score(list(family_scores(self.measured, errors).values()))

    def _of(self, errors: HeldOut) -> Vector:
        return errors.analytical if self.trained is None else errors.corrected


def calibrate(base: Platform, records: Records, graphs: Iterable[Graph], *, correct: bool = True) -> Calibrated:
    """Fit what ``base`` marks ``fit`` to the records, and correct what is left where that helps and ``correct`` asks.

    Raises RecordsError where nothing should be fitted to them, PlatformError for a precision that the base lacks.
    """
    dtypes = frozenset(row.dtype for row in records.rows)
    for dtype in dtypes:
        base.machine(dtype)
    start = parameters(base, dtypes)
    if not start:
        raise RecordsError(f"{base.name}: nothing to fit: no number for {', '.join(dtypes)} is marked fit = true")
    tabled: dict[str, None] = {}
    measured = _planned(base, records, _noted(graphs, tabled), tabled)
    if len(set(measured.names)) < 2:
        raise RecordsError(f"{records.name}: only one network of it is in the layer table; measure several")
    base_errors = measured.log_errors(base)
    for fact in refusals(measured, base_errors):
        raise RecordsError(f"{records.name}: {fact.line}")
    fitted = fit_measured(base, drawn(measured, np.arange(len(measured))))
    folds, left_out = held_out_folds(base, measured), held_out_families(base, measured)
    kept = correct and _is_worthwhile(measured, folds, left_out)
    trained = train(fitted.platform, measured) if kept else None
    verdict = (
        *about_records(records.rows, measured, frozenset(tabled)),
        *about_fit(fitted, len(measured), base_errors),
        *about_scores(folds.analytical, base_errors),
        *about_residual(fitted.platform, measured, trained),
    )
    done = Calibrated(base, records, measured, start, fitted, trained, verdict, base_errors, folds, left_out, UNKNOWN)
    seen = outline(done.platform, measured)
    return done._replace(interval=interval(seen, done.fold_errors, measured.families, done.family_errors))


def _is_worthwhile(measured: Measured, folds: HeldOut, left_out: HeldOut | None) -> bool:
    """Whether corrections help networks held out, and networks of families held out too."""
    if len(measured) < FEWEST_CORRECTED or score(folds.corrected).mape > WORTHWHILE * score(folds.analytical).mape:
        return False
    if left_out is None:
        return True
    by_family = [mean_score(list(family_scores(measured, errors).values())) for errors in left_out]
    return by_family[1].mape <= by_family[0].mape


def overlay_of(
    done: Calibrated, name: str, title: str, parent: str, conditions: Mapping[str, str], residual_file: str
) -> OverlayFile:
    """The overlay that says what was changed, and how good it is.

    ``parent`` is the base as the file is to name it, ``residual_file`` where the residual will lie if there is one.
    """
    fitted_source, held_out_source = f"fit-{done.records.digest[:8]}", f"held-out-{done.records.digest[:8]}"
    cite = f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"
    stated = "".join(f"; {key}: {value}" for key, value in conditions.items())
    sources = {fitted_source: Source(kind="fitted", cite=f"fitted over {done.base.name} to {cite}{stated}")}
    if not isinf(done.interval.factor):
        within = f"{COVERAGE:.0%} of networks held out of the fit lie within (split conformal)"
        sources[held_out_source] = Source(kind="fitted", cite=f"{within}; {cite}")
    values = {p.key: _rounded(p.value) for p in done.fit.parameters}
    before = {p.key: p.value for p in done.start}
    return OverlayFile(
        schema=1,
        name=name,
        title=title,
        parent=parent,
        parent_digest=done.base.digest,
        values={k: Change(value=v, source=fitted_source) for k, v in values.items() if v != before[k]},
        calibration=_calibration(done, conditions),
        uncertainty=_uncertainty(done.interval, held_out_source),
        domain=done.interval.domain,
        residual=done.trained.record(residual_file) if done.trained else None,
        sources=sources,
    )


def _calibration(done: Calibrated, conditions: Mapping[str, str]) -> Calibration:
    return Calibration(
        records=done.records.name,
        records_digest=done.records.digest,
        networks=len(set(done.measured.names)),
        dtypes=tuple(dtype for dtype in done.base.file.platform.dtypes if dtype in done.measured.dtypes),
        conditions=dict(conditions),
        verdict=tuple(fact.line for fact in done.verdict),
        scores=_scores(done, done.fold_errors, done.family_errors),
        analytical=_scores(done, done.folds.analytical, done.left_out.analytical if done.left_out else None)
        if done.trained
        else None,
    )


def _uncertainty(found: Interval, source: str) -> Uncertainty | None:
    if isinf(found.factor):
        return None
    return Uncertainty(
        factor=Quantity(value=_rounded(found.factor), source=source),
        common=_rounded(found.common),
        unlike_factor=_rounded(found.unlike_factor),
    )


def _planned(base: Platform, records: Records, graphs: Iterable[Graph], tabled: Mapping[str, None]) -> Measured:
    observations = iter(records.observations(graphs))
    first = next(observations, None)
    if first is None:
        hint = did_you_mean(records.rows[0].net, list(tabled)[:1000])
        raise RecordsError(
            f"{records.name}: none of its networks is in the layer table, such as '{records.rows[0].net}'{hint}"
        )
    return prepare(base, chain([first], observations))


def _noted(graphs: Iterable[Graph], names: dict[str, None]) -> Iterator[Graph]:
    for graph in graphs:
        names[graph.name] = None
        yield graph


def _scores(done: Calibrated, errors: Vector, family_errors: Vector | None) -> Scores:
    by_fold, by_family = score(errors), done.over_families(family_errors)
    return Scores(
        within_10=_rounded(by_fold.within_10),
        within_20=_rounded(by_fold.within_20),
        mape=_rounded(by_fold.mape),
        families=len(family_scores(done.measured, family_errors)) if family_errors is not None else 0,
        family_within_10=_rounded(by_family.within_10) if by_family else None,
        family_within_20=_rounded(by_family.within_20) if by_family else None,
        family_mape=_rounded(by_family.mape) if by_family else None,
    )


def _rounded(value: float) -> float:
    """To 4 digits: more than any latency is known to."""
    return float(f"{value:.4g}")
