"""What one measurement says and under which conditions; measurements under different conditions do not mix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import inf, nan, sqrt
from typing import Any


class MeasureError(ValueError):
    """Something that cannot be measured, stored or compared: the message says what, why and what to do."""


class ConditionsDifferError(MeasureError):
    """Measurements that were to be averaged were taken under different conditions."""


@dataclass(frozen=True)
class Conditions:
    """Everything known to move a latency. None where the machine does not tell."""

    device: str
    cpu: str
    cpu_features: tuple[str, ...]
    governor: str | None
    clock_hz: int | None
    """The highest clock of the first of these cores."""
    cpus: tuple[int, ...]
    """Cores that the measuring process may run on."""
    threads: int
    runtime: str
    runtime_version: str
    delegate: str
    dtype: str | None = None
    """Precision asked for; None before the model is chosen."""
    model_sha256: str | None = None
    """Of the file that was run; None before it is built."""

    @property
    def setting(self) -> Conditions:
        """What holds for a whole session: all but the model and its precision."""
        return replace(self, dtype=None, model_sha256=None)

    @property
    def setting_digest(self) -> str:
        """A hash of ``setting``."""
        return hashlib.sha256(json.dumps(asdict(self.setting), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """One line of JSON, read back by ``from_json``."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Conditions:
        """The conditions that ``to_json`` wrote."""
        values: dict[str, Any] = json.loads(text)
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        return cls(**values | lists)


@dataclass(frozen=True)
class Statistics:
    """Of raw times, in seconds; percentiles interpolate linearly between neighbours."""

    mean_s: float
    std_s: float
    """Sample standard deviation (n - 1)."""
    ci95_s: float
    """Half-width of the mean's 95 % confidence interval by Student's t."""
    min_s: float
    median_s: float
    mad_s: float
    """Median distance from the median, not scaled."""
    p90_s: float
    p95_s: float
    p99_s: float


def statistics(times_s: Sequence[float]) -> Statistics:
    """Of at least two times; the confidence interval takes them as independent."""
    import numpy as np

    times = np.asarray(times_s, dtype=np.float64)
    if len(times) < 2:
        raise MeasureError(f"{len(times)} run: an interval needs at least 2")
    std_s = float(times.std(ddof=1))
    ci95_s = ci95(std_s, len(times))
    median_s = float(np.median(times))
    mad_s = float(np.median(np.abs(times - median_s)))
    p90_s, p95_s, p99_s = (float(value) for value in np.percentile(times, (90, 95, 99)))
    return Statistics(float(times.mean()), std_s, ci95_s, float(times.min()), median_s, mad_s, p90_s, p95_s, p99_s)


def ci95(std: float, count: int) -> float:
    """Half-width of the 95 % confidence interval of a mean, in the unit of the sample's standard deviation."""
    return _student_t975(count - 1) * std / sqrt(count)


def _student_t975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t."""
    try:
        from scipy.special import stdtrit
    except ImportError:  # A board has numpy at the most. To 0.1 % from 9 degrees of freedom on; below, too narrow.
        z = 1.959963985  # Abramowitz and Stegun, 26.7.5.
        second, third = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        fourth = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return float(z + second / freedom + third / freedom**2 + fourth / freedom**3)
    return float(stdtrit(freedom, 0.975))


@dataclass(frozen=True)
class Reading:
    """What the machine was like at one moment. None where it does not tell, or did not yet when this was taken."""

    matmul_s: float | None = None
    """A small matrix product: slower when the core is."""
    stream_s: float | None = None
    """Reading more than the caches hold: slower when a neighbour takes bandwidth, which the product does not notice."""
    temperature_c: float | None = None
    """Of the hottest thermal zone."""
    clock_hz: int | None = None
    """The measuring core's, just now."""


@dataclass(frozen=True)
class Counter:
    """One operator of a model, as its runtime reports it: the median over the inferences that were profiled."""

    name: str
    op: str
    time_s: float
    kernel: str = ""
    """What executed it: the runtime's name of the code or of the processor."""


@dataclass(frozen=True)
class Summary:
    """What another tool told of its runs in place of their times, in seconds. None, and 0 runs, where it did not."""

    runs: int
    mean_s: float
    std_s: float | None = None
    min_s: float | None = None
    max_s: float | None = None

    @property
    def statistics(self) -> Statistics:
        """With NaN for what is not known."""
        known = self.std_s is not None and self.runs > 1
        ci95_s = ci95(self.std_s or 0.0, self.runs) if known else nan
        std_s, min_s = (nan if value is None else value for value in (self.std_s, self.min_s))
        return Statistics(self.mean_s, std_s, ci95_s, min_s, *(nan,) * 5)


@dataclass(frozen=True)
class Run:
    """Raw times of one process, in seconds, in the order they were taken: one visit to a configuration."""

    warmups_s: tuple[float, ...]
    runs_s: tuple[float, ...]
    before: Reading = Reading()
    after: Reading = Reading()
    counters: tuple[Counter, ...] = ()
    """Taken after the timed runs, which no profiler slows."""
    exact: bool = False
    """The time was computed, not taken: it has no spread and needs no second visit."""
    energy_j: float | None = None
    """Of one timed run, all that the processor's package took meanwhile; None where it does not tell."""

    summary: Summary | None = None
    """In place of the times, where they were not told."""

    @property
    def median_s(self) -> float:
        """Of the runs, the warm-ups apart; their mean where only that was told."""
        if self.summary:
            return self.summary.mean_s
        from statistics import median  # It costs every command some milliseconds.

        return median(self.runs_s)

    @property
    def final(self) -> bool:
        """Whether nothing is gained by another visit: the time was computed, or taken by another tool."""
        return self.exact or self.before == Reading()

    @property
    def essence(self) -> Run:
        """The same visit with its median for all its times: enough to decide on further visits, and small."""
        return replace(self, warmups_s=(), runs_s=(self.median_s,), counters=(), summary=None)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Run:
        """From what ``asdict`` and JSON made of a run. Raises ValueError for a time that is none."""
        before, after = Reading(**values["before"]), Reading(**values["after"])
        warmups_s, runs_s = tuple(values["warmups_s"]), tuple(values["runs_s"])
        references_s = (before.matmul_s, after.matmul_s, before.stream_s, after.stream_s)
        for time_s in (*warmups_s, *runs_s, *references_s):
            if time_s is not None and not 0 < time_s < inf:
                raise ValueError(f"{time_s} is no time in seconds")
        counters = tuple(Counter(**counter) for counter in values.get("counters", ()))
        kept = {key: values[key] for key in ("exact", "energy_j") if key in values}
        summary = Summary(**values["summary"]) if values.get("summary") else None
        return cls(warmups_s, runs_s, before, after, counters, summary=summary, **kept)


@dataclass(frozen=True)
class Measurement:
    """Visits to one model under one set of conditions."""

    conditions: Conditions
    runs: tuple[Run, ...]

    @property
    def representative(self) -> Run:
        """The visit that is reported."""
        return representative(self.runs)

    @property
    def latency_s(self) -> float:
        """The statistic that is reported: the median of the representative visit."""
        return self.representative.median_s

    @property
    def reported(self) -> Statistics:
        """Over the runs of the representative visit alone."""
        return replace(self, runs=(self.representative,)).statistics

    @property
    def run_count(self) -> int:
        """Of all visits; the warm-ups stay out."""
        return sum(run.summary.runs if run.summary else len(run.runs_s) for run in self.runs)

    @property
    def statistics(self) -> Statistics:
        """Over the runs of all visits; the warm-ups stay out. A computed time has no spread."""
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
    """All runs as one measurement. Raises ConditionsDifferError naming the condition and both values."""
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
