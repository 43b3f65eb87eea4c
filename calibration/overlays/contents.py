"""The parts that overlays of a fit and of a transfer have in common: name, evidence, scores and interval."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import NamedTuple, Protocol

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.judging.intervals import Interval
from stairline.calibration.judging.verdict import Fact
from stairline.calibration.records.record import Records
from stairline.hwmodels import Platform
from stairline.hwmodels.overlay import Calibration, Scores
from stairline.hwmodels.provenance import Quantity
from stairline.hwmodels.schema import WIDEST, Uncertainty


class OverlayHeader(NamedTuple):
    """What the person who writes an overlay states in it."""

    name: str
    title: str
    parent: str
    """The base platform, as the file is to name it."""
    conditions: Mapping[str, str]
    """The conditions of the measurements by name, such as threads."""


class Result(Protocol):
    """What the results of a fit and of a transfer have in common."""

    @property
    def base(self) -> Platform:
        """The platform that the overlay lies over."""

    @property
    def records(self) -> Records:
        """All measurements that were read."""

    @property
    def measured(self) -> Measured:
        """The measurements that were used."""

    @property
    def verdict(self) -> tuple[Fact, ...]:
        """What may be wrong with the result."""


def cited(done: Result) -> str:
    """Cite the measurements, as a source of an overlay does."""
    return f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"


def cited_with_conditions(done: Result, header: OverlayHeader) -> str:
    """Cite the measurements and their conditions, as a source of an overlay does."""
    return cited(done) + "".join(f"; {key}: {value}" for key, value in header.conditions.items())


def calibration(
    done: Result, header: OverlayHeader, scores: Scores, analytical: Scores | None = None, headline: str = ""
) -> Calibration:
    """State what was calibrated to what.

    ``analytical`` are the scores of the models alone, beside a residual; ``headline`` opens the verdict.
    """
    return Calibration(
        records=done.records.name,
        records_digest=done.records.digest,
        networks=len(set(done.measured.names)),
        dtypes=tuple(dtype for dtype in done.base.file.platform.dtypes if dtype in done.measured.dtypes),
        conditions=dict(header.conditions),
        verdict=(*filter(None, (headline,)), *(fact.line for fact in done.verdict)),
        scores=scores,
        analytical=analytical,
    )


def uncertainty(found: Interval, source: str) -> Uncertainty | None:
    """State an interval as a file does; None where there were too few observations for one."""
    if isinf(found.factor):
        return None
    return Uncertainty(
        factor=Quantity(value=four_digits(found.factor), source=source),
        common=four_digits(found.common),
        unlike_factor=four_digits(min(found.unlike_factor, WIDEST)),
    )


def four_digits(value: float) -> float:
    """Round a number to 4 digits: more than any latency is known to."""
    return float(f"{value:.4g}")
