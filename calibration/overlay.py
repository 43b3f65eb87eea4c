"""The parts that overlays of a fit and of a transfer have in common: name, evidence, scores and interval."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import NamedTuple, Protocol

from stairline.calibration.fitting.pricing import Measured
from stairline.calibration.judging.intervals import Interval
from stairline.calibration.judging.verdict import Fact
from stairline.calibration.records.table import Records
from stairline.hwmodels import Platform
from stairline.hwmodels.overlay import Calibration, Scores
from stairline.hwmodels.provenance import Quantity
from stairline.hwmodels.schema import WIDEST, Uncertainty


class Heading(NamedTuple):
    """What the user states of an overlay, as opposed to what is computed."""

    name: str
    title: str
    parent: str
    """The name or path by which the overlay names its parent."""
    conditions: Mapping[str, str]
    """The conditions of the measurements, such as threads."""


class Result(Protocol):
    """The attributes that the results of a fit and of a transfer have in common."""

    @property
    def base(self) -> Platform:
        """The platform that the overlay lies over."""

    @property
    def records(self) -> Records:
        """All records that were read."""

    @property
    def measured(self) -> Measured:
        """The observations among the records that were used."""

    @property
    def verdict(self) -> tuple[Fact, ...]:
        """The facts that the verdict consists of."""


def cited(done: Result) -> str:
    """The citation of the measurements."""
    return f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"


def cited_with_conditions(done: Result, heading: Heading) -> str:
    """The citation of the measurements, with the conditions under which they were taken."""
    return cited(done) + "".join(f"; {key}: {value}" for key, value in heading.conditions.items())


def calibration(done: Result, heading: Heading, scores: Scores, analytical: Scores | None = None) -> Calibration:
    """The calibration section of an overlay; ``analytical`` are the scores without the residual where there is one."""
    return Calibration(
        records=done.records.name,
        records_digest=done.records.digest,
        networks=len(set(done.measured.names)),
        dtypes=tuple(dtype for dtype in done.base.file.platform.dtypes if dtype in done.measured.dtypes),
        conditions=dict(heading.conditions),
        verdict=tuple(fact.line for fact in done.verdict),
        scores=scores,
        analytical=analytical,
    )


def uncertainty(found: Interval, source: str) -> Uncertainty | None:
    """The uncertainty section of an overlay; None where there were too few observations for an interval."""
    if isinf(found.factor):
        return None
    return Uncertainty(
        factor=Quantity(value=rounded(found.factor), source=source),
        common=rounded(found.common),
        unlike_factor=rounded(min(found.unlike_factor, WIDEST)),
    )


def rounded(value: float) -> float:
    """The value to 4 significant digits, which is more than any latency is known to."""
    return float(f"{value:.4g}")
