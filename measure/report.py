"""A store as text and as rows of a CSV file; milliseconds, for people read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from .record import Conditions, Measurement
from .store import Record

CSV_COLUMNS = (
    *("net", "latency_ms", "std_ms", "dtype", "backend", "ci95_ms", "min_ms", "median_ms", "mad_ms"),
    *("p90_ms", "p95_ms", "p99_ms", "runs", "converged", "drift", "device", "cpu", "governor", "clock_hz", "cpus"),
    *("threads", "runtime", "runtime_version", "delegate", "model_sha256", "setting", "taken_at"),
)
"""One row per measurement; ``latency_ms`` is the mean."""

_HEADINGS = ("net", "dtype", "mean ms", "+-95 %", "min", "median", "p95", "runs", "drift")


def fastest_references(records: Sequence[Record]) -> dict[str, float]:
    """The reference kernel's shortest time, in seconds, under each setting."""
    fastest: dict[str, float] = {}
    for record in records:
        if isinstance(record.outcome, Measurement):
            setting = record.conditions.setting_digest
            fastest[setting] = min(fastest.get(setting, float("inf")), *_references(record.outcome))
    return fastest


def drift(measurement: Measurement, fastest: Mapping[str, float]) -> float:
    """How many times slower than at its best in this store the machine was around the measurement, 1 or more."""
    return max(_references(measurement)) / fastest[measurement.conditions.setting_digest]


def csv_row(record: Record, measurement: Measurement, fastest: Mapping[str, float]) -> tuple[object, ...]:
    """The values of CSV_COLUMNS."""
    s, c = measurement.statistics, measurement.conditions
    times_ms = [f"{1e3 * time_s:.6g}" for time_s in (s.ci95_s, s.min_s, s.median_s, s.mad_s, s.p90_s, s.p95_s, s.p99_s)]
    return (
        *(record.configuration.label, f"{1e3 * s.mean_s:.6g}", f"{1e3 * s.std_s:.6g}", record.configuration.dtype),
        *(record.backend, *times_ms, _run_count(measurement), int(_converged(measurement))),
        *(f"{drift(measurement, fastest):.4f}", c.device, c.cpu, c.governor, c.clock_hz, " ".join(map(str, c.cpus))),
        *(c.threads, c.runtime, c.runtime_version, c.delegate, c.model_sha256, c.setting_digest, record.taken_at),
    )


def lines(records: Sequence[Record]) -> list[str]:
    """The whole store: measurements under the conditions they share, then what failed and why."""
    if not records:
        return ["empty: nothing was measured yet"]
    fastest = fastest_references(records)
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=_natural_order):
        groups.setdefault((record.backend, record.conditions.setting_digest), []).append(record)
    text: list[str] = []
    for (backend, _), group in groups.items():
        text += [*([""] if text else []), f"{backend}: {_conditions_text(group[0].conditions)}"]
        measured = [(r, r.outcome) for r in group if isinstance(r.outcome, Measurement)]
        if measured:
            text += _table([_HEADINGS, *(_cells(record, found, fastest) for record, found in measured)])
        if not all(_converged(found) for _, found in measured):
            text.append("* the 95 % interval is wider than the protocol asks: take the minimum or measure again")
        text += _failures([(r.configuration.label, r.outcome) for r in group if isinstance(r.outcome, str)])
    return text


def _natural_order(record: Record) -> list[str | int]:
    """By label, numbers in it by their value: a sweep, which is measured out of order, is read in order."""
    parts = re.split(r"(\d+)", record.configuration.label)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _failures(failed: Sequence[tuple[str, str]]) -> list[str]:
    """Each reason once, with how often and where first."""
    counts = Counter(reason for _, reason in failed)
    first = {reason: label for label, reason in reversed(failed)}
    return [f"failed: {count} x {reason} (first: {first[reason]})" for reason, count in counts.items()]


def _conditions_text(c: Conditions) -> str:
    clock = "clock unknown" if c.clock_hz is None else f"{c.clock_hz / 1e9:.2f} GHz"
    threads = f"{c.threads} thread{'s' * (c.threads != 1)} on core {', '.join(map(str, c.cpus))}"
    governor = f"governor {c.governor or 'unknown'}"
    return ", ".join((f"{c.runtime} {c.runtime_version}", f"delegate {c.delegate}", c.cpu, clock, governor, threads))


def _cells(record: Record, measurement: Measurement, fastest: Mapping[str, float]) -> tuple[str, ...]:
    s = measurement.statistics
    mark = "" if _converged(measurement) else " *"
    times = [f"{1e3 * time_s:.4f}" for time_s in (s.min_s, s.median_s, s.p95_s)]
    return (
        *(record.configuration.label, record.configuration.dtype, f"{1e3 * s.mean_s:.4f}"),
        *(f"{s.ci95_s / s.mean_s:.1%}{mark}", *times),
        *(str(_run_count(measurement)), f"{drift(measurement, fastest):.2f}"),
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    ]


def _references(measurement: Measurement) -> tuple[float, ...]:
    return tuple(time_s for run in measurement.runs for time_s in run.reference_s)


def _run_count(measurement: Measurement) -> int:
    return sum(len(run.runs_s) for run in measurement.runs)


def _converged(measurement: Measurement) -> bool:
    return all(run.converged for run in measurement.runs)
