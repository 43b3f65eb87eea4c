"""What every overlay states, whether it was fitted or moved: its name, its evidence, its scores and its interval."""

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
    """What a person states of an overlay."""

    name: str
    title: str
    parent: str
    """The base, as the file is to name it."""
    conditions: Mapping[str, str]
    """Under what was measured."""


class Result(Protocol):
    """What a fit and a transfer have in common."""

    @property
    def base(self) -> Platform:
        """What the overlay lies over."""

    @property
    def records(self) -> Records:
        """All that was read."""

    @property
    def measured(self) -> Measured:
        """What of it was used."""

    @property
    def verdict(self) -> tuple[Fact, ...]:
        """What may be wrong."""


def cited(done: Result) -> str:
    """The evidence, as a source cites it."""
    return f"{len(done.measured)} latencies of {done.records.name} (digest {done.records.digest})"


def cited_with_conditions(done: Result, heading: Heading) -> str:
    """The evidence and under what it was measured, as a source cites it."""
    return cited(done) + "".join(f"; {key}: {value}" for key, value in heading.conditions.items())


def calibration(done: Result, heading: Heading, scores: Scores, analytical: Scores | None = None) -> Calibration:
    """What was calibrated to what; ``analytical`` are the scores of the models alone, beside a residual."""
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
    """What a file says of an interval; None where there were too few observations for one."""
    if isinf(found.factor):
        return None
    return Uncertainty(
        factor=Quantity(value=rounded(found.factor), source=source),
        common=rounded(found.common),
        unlike_factor=rounded(min(found.unlike_factor, WIDEST)),
    )


def rounded(value: float) -> float:
    """To 4 digits: more than any latency is known to."""
    return float(f"{value:.4g}")
