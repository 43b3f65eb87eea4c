"""The record of one measurement: its conditions, its runs and what they say. Different conditions do not mix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import inf, nan
from typing import Any

from .errors import ConditionsDifferError, MeasureError
from .sample import Statistics, ci95, statistics


@dataclass(frozen=True)
class Conditions:
    """Everything that is known to change a latency. None where the machine does not state it."""

    device: str
    cpu: str
    cpu_features: tuple[str, ...]
    governor: str | None
    clock_hz: int | None
    """Highest clock of the first core of ``cpus``."""
    cpus: tuple[int, ...]
    """Numbers of the cores that the measuring process may run on."""
    threads: int
    runtime: str
    runtime_version: str
    delegate: str
    dtype: str | None = None
    """The precision that was asked for; None before the model is chosen."""
    model_sha256: str | None = None
    """SHA-256 of the model file that was run; None before it is built."""

    @property
    def setting(self) -> Conditions:
        """The conditions that hold for a whole session: all but the model and its precision."""
        return replace(self, dtype=None, model_sha256=None)

    @property
    def setting_digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of ``setting``."""
        return hashlib.sha256(json.dumps(asdict(self.setting), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The conditions as one line of JSON, which ``from_json`` reads back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Conditions:
        """The conditions that ``to_json`` wrote."""
        values: dict[str, Any] = json.loads(text)
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        return cls(**values | lists)


@dataclass(frozen=True)
class Reading:
    """The state of the machine at one moment. None where the machine, or the version that took it, reports nothing."""

    matmul_s: float | None = None
    """Time of a small matrix product, which grows when the core slows down."""
    stream_s: float | None = None
    """Time to read more than the caches hold, which also grows when a neighbour takes memory bandwidth."""
    temperature_c: float | None = None
    """Temperature of the hottest thermal zone."""
    clock_hz: int | None = None
    """Present clock of the first core that the process may run on."""


@dataclass(frozen=True)
class OperatorTime:
    """Time of one operator of a model as its runtime reports it, the median over the profiled inferences."""

    name: str
    op: str
    time_s: float
    kernel: str = ""
    """What executed it: the runtime's name of the code or of the processor."""


@dataclass(frozen=True)
class Summary:
    """Statistics, in seconds, that another tool reported in place of raw times; None, or 0 runs, where it did not."""

    runs: int
    mean_s: float
    std_s: float | None = None
    min_s: float | None = None
    max_s: float | None = None

    @property
    def statistics(self) -> Statistics:
        """The numbers as ``Statistics``, with NaN for every value that the tool did not report."""
        known = self.std_s is not None and self.runs > 1
        ci95_s = ci95(self.std_s or 0.0, self.runs) if known else nan
        std_s, min_s = (nan if value is None else value for value in (self.std_s, self.min_s))
        return Statistics(self.mean_s, std_s, ci95_s, min_s, *(nan,) * 5)


@dataclass(frozen=True)
class Run:
    """One visit to a configuration: the raw times of one process, in seconds, in the order they were taken."""

    warmups_s: tuple[float, ...]
    runs_s: tuple[float, ...]
    before: Reading = Reading()
    after: Reading = Reading()
    counters: tuple[OperatorTime, ...] = ()
    """Times of the operators, profiled after the timed runs so that the profiler does not slow those."""
    exact: bool = False
    """Whether the time was computed rather than taken: it has no spread and needs no second visit."""
    energy_j: float | None = None
    """Energy of the whole processor package over one timed run; None where the machine does not report it."""
    summary: Summary | None = None
    """What stands in place of the raw times where another tool kept those to itself."""

    @property
    def median_s(self) -> float:
        """Median of the runs without the warm-ups; their mean where another tool reported that alone."""
        if self.summary:
            return self.summary.mean_s
        from statistics import median  # It costs every command some milliseconds.

        return median(self.runs_s)

    @property
    def final(self) -> bool:
        """Whether another visit would add nothing, since the time was computed or another tool took it."""
        return self.exact or self.before == Reading()

    @property
    def essence(self) -> Run:
        """The visit reduced to its median and readings: enough to decide on further visits, and small."""
        return replace(self, warmups_s=(), runs_s=(self.median_s,), counters=(), summary=None)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Run:
        """The run that ``asdict`` and JSON turned into ``values``. Raises ValueError for a time that is no time."""
        before, after = Reading(**values["before"]), Reading(**values["after"])
        warmups_s, runs_s = tuple(values["warmups_s"]), tuple(values["runs_s"])
        references_s = (before.matmul_s, after.matmul_s, before.stream_s, after.stream_s)
        for time_s in (*warmups_s, *runs_s, *references_s):
            if time_s is not None and not 0 < time_s < inf:
                raise ValueError(f"{time_s} is no time in seconds")
        counters = tuple(OperatorTime(**counter) for counter in values.get("counters", ()))
        kept = {key: values[key] for key in ("exact", "energy_j") if key in values}
        summary = Summary(**values["summary"]) if values.get("summary") else None
        return cls(warmups_s, runs_s, before, after, counters, summary=summary, **kept)


@dataclass(frozen=True)
class Measurement:
    """All visits to one model under one set of conditions."""

    conditions: Conditions
    runs: tuple[Run, ...]

    @property
    def representative(self) -> Run:
        """The visit whose median is reported."""
        return representative(self.runs)

    @property
    def latency_s(self) -> float:
        """The reported latency: the median of the representative visit."""
        return self.representative.median_s

    @property
    def reported(self) -> Statistics:
        """Statistics over the runs of the representative visit alone."""
        return replace(self, runs=(self.representative,)).statistics

    @property
    def run_count(self) -> int:
        """Number of timed runs over all visits."""
        return sum(run.summary.runs if run.summary else len(run.runs_s) for run in self.runs)

    @property
    def statistics(self) -> Statistics:
        """Statistics over the timed runs of all visits. A computed time has no spread."""
        first = self.runs[0]
        if first.summary:
            return first.summary.statistics
        if first.exact:
            time_s = self.latency_s
            return Statistics(time_s, 0.0, 0.0, time_s, time_s, 0.0, time_s, time_s, time_s)
        return statistics([time_s for run in self.runs for time_s in run.runs_s])


def representative(visits: Sequence[Run]) -> Run:
    """The visit at the lower quartile of the visits' medians: of five, the second quickest.

    What disturbs a visit makes it slower, so the quicker ones are the truer; but the very quickest may have been lucky
    with where its memory lay, and would be the luckier the more visits there are.
    """
    return sorted(visits, key=lambda run: run.median_s)[(len(visits) - 1) // 4]


def pooled(measurements: Sequence[Measurement]) -> Measurement:
    """All visits as one measurement. Raises ConditionsDifferError, naming the condition and both values."""
    if not measurements:
        raise MeasureError("no measurement to pool: give at least one")
    first = measurements[0].conditions
    for other in measurements[1:]:
        refuse_mixing(first, other.conditions)
    return Measurement(first, tuple(run for measurement in measurements for run in measurement.runs))


def refuse_mixing(one: Conditions, other: Conditions) -> None:
    """Raise ConditionsDifferError, naming the first condition that differs and both values, if one does."""
    if found := first_difference(one, other):
        name, here, there = found
        raise ConditionsDifferError(
            f"measurements under different conditions cannot be averaged: {name} is {here!r} in one "
            f"and {there!r} in another; keep them apart"
        )


def first_difference(one: Conditions, other: Conditions) -> tuple[str, Any, Any] | None:
    """The name of the first condition that differs and its value in each; None where none does."""
    both = ((field.name, getattr(one, field.name), getattr(other, field.name)) for field in fields(Conditions))
    return next((found for found in both if found[1] != found[2]), None)
