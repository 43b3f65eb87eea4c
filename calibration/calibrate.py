"""From a file of measurements to an overlay: fit, verdict, scores and interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from .parameters import Parameter, parameters
from .pricing import Measured, Vector, prepare
from .records import Records
from .scores import (
    COVERAGE,
    Score,
    conformal_factor,
    drawn,
    families,
    family_scores,
    held_out_families,
    held_out_folds,
    mean_score,
    score,
)
from .verdict import Fact, about_fit, about_records, about_scores, refusals

MOST_FAMILIES = 50
"""Families up to which each is left out once; beyond, name prefixes are no families."""


class Calibrated(NamedTuple):
    """A base platform fitted to records, and how good that is. Errors are log(predicted / observed) per observation."""

    base: Platform
    records: Records
    measured: Measured
    start: tuple[Parameter, ...]
    fit: Fit
    verdict: tuple[Fact, ...]
    base_errors: Vector
    fold_errors: Vector
    """Each by a fit to the other folds."""
    family_errors: Vector | None
    """Each by a fit to the other families; None where names tell no families apart."""

    @property
    def factor(self) -> float:
        """Half of the 90 % interval, as a factor; infinite with fewer than 9 observations."""
        return conformal_factor(self.fold_errors)

    @property
    def families(self) -> Score | None:
        """Mean over families, each left out of the fit."""
        if self.family_errors is None:
            return None
        return mean_score(list(family_scores(self.measured, self.family_errors).values()))


def calibrate(base: Platform, records: Records, graphs: Iterable[Graph]) -> Calibrated:
    """Fit what ``base`` marks ``fit`` to the records.

    Raises RecordsError where nothing should be fitted to them, PlatformError for a precision that the base lacks.
    """
    dtypes = frozenset(row.dtype for row in records.rows)
    for dtype in dtypes:
        base.machine(dtype)
    start = parameters(base, dtypes)
    if not start:
        raise RecordsError(f"{base.name}: nothing to fit: no number for {', '.join(dtypes)} is marked fit = true")
    tabled: dict[str, None] = {}
    measured = planned(base, records, noted(graphs, tabled), tabled)
    if len(set(measured.names)) < 2:
        raise RecordsError(f"{records.name}: only one network of it is in the layer table; measure several")
    base_errors = measured.log_errors(base)
    for fact in refusals(measured, base_errors):
        raise RecordsError(f"{records.name}: {fact.line}")
    fitted = fit_measured(base, drawn(measured, np.arange(len(measured))))
    fold_errors = held_out_folds(base, measured)
    verdict = (
        *about_records(records.rows, measured, frozenset(tabled)),
        *about_fit(fitted, len(measured), base_errors),
        *about_scores(fold_errors, base_errors),
    )
    several = 1 < len(families(measured)) <= min(MOST_FAMILIES, len(set(measured.names)) - 1)
    return Calibrated(
        base,
        records,
        measured,
        start,
        fitted,
        verdict,
        base_errors,
        fold_errors,
        held_out_families(base, measured) if several else None,
    )


def overlay_of(done: Calibrated, name: str, title: str, parent: str, conditions: Mapping[str, str]) -> OverlayFile:
    """The overlay that says what was changed, and how good it is. ``parent`` is the base as the file is to name it."""
    fitted_source, held_out_source = f"fit-{done.records.digest[:8]}", f"held-out-{done.records.digest[:8]}"
    cite = f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"
    stated = "".join(f"; {key}: {value}" for key, value in conditions.items())
    sources = {fitted_source: Source(kind="fitted", cite=f"fitted over {done.base.name} to {cite}{stated}")}
    if not isinf(done.factor):
        within = f"{COVERAGE:.0%} of networks held out of the fit lie within (split conformal)"
        sources[held_out_source] = Source(kind="fitted", cite=f"{within}; {cite}")
    values = {p.key: rounded(p.value) for p in done.fit.parameters}
    before = {p.key: p.value for p in done.start}
    return OverlayFile(
        schema=1,
        name=name,
        title=title,
        parent=parent,
        parent_digest=done.base.digest,
        values={k: Change(value=v, source=fitted_source) for k, v in values.items() if v != before[k]},
        calibration=_calibration(done, conditions),
        uncertainty=_uncertainty(done.factor, held_out_source),
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
        scores=_scores(done),
    )


def _uncertainty(factor: float, source: str) -> Uncertainty | None:
    return None if isinf(factor) else Uncertainty(factor=Quantity(value=rounded(factor), source=source))


def planned(base: Platform, records: Records, graphs: Iterable[Graph], tabled: Mapping[str, None]) -> Measured:
    observations = iter(records.observations(graphs))
    first = next(observations, None)
    if first is None:
        hint = did_you_mean(records.rows[0].net, list(tabled)[:1000])
        raise RecordsError(
            f"{records.name}: none of its networks is in the layer table, such as '{records.rows[0].net}'{hint}"
        )
    return prepare(base, chain([first], observations))


def noted(graphs: Iterable[Graph], names: dict[str, None]) -> Iterator[Graph]:
    for graph in graphs:
        names[graph.name] = None
        yield graph


def _scores(done: Calibrated) -> Scores:
    by_fold, by_family = score(done.fold_errors), done.families
    return Scores(
        within_10=rounded(by_fold.within_10),
        within_20=rounded(by_fold.within_20),
        mape=rounded(by_fold.mape),
        families=len(families(done.measured)) if by_family else 0,
        family_within_10=rounded(by_family.within_10) if by_family else None,
        family_within_20=rounded(by_family.within_20) if by_family else None,
        family_mape=rounded(by_family.mape) if by_family else None,
    )


def rounded(value: float) -> float:
    """To 4 digits: more than any latency is known to."""
    return float(f"{value:.4g}")
