"""A store as text, for people: milliseconds."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from math import isnan

from stairline.measure.campaign.agreement import AGREEMENT, CONFIRMATIONS, Pace, drift, is_converged, is_settled, paces
from stairline.measure.store.store import Record
from stairline.measure.timing.record import Conditions, Measurement

from .columns import columns
from .order import natural_order

_HEADINGS = ("net", "dtype", "ms", "min", "mean", "+-95 %", "p95", "visits", "runs", "drift")


def store_lines(records: Sequence[Record]) -> list[str]:
    """The whole store: its measurements in groups of equal conditions, each followed by what failed and why."""
    if not records:
        return ["empty: nothing was measured yet"]
    best = paces(records)
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=natural_order):
        groups.setdefault((record.backend, record.conditions.setting_digest), []).append(record)
    text: list[str] = []
    for (backend, _), group in groups.items():
        text += [*([""] if text else []), f"{backend}: {_conditions_text(group[0].conditions)}"]
        measured = [(r, r.outcome) for r in group if isinstance(r.outcome, Measurement)]
        if measured:
            text += _readings_text([found for _, found in measured])
            text += columns([_HEADINGS, *(_cells(record, found, best) for record, found in measured)])
        text += _caveats([found for _, found in measured], best)
        text += _failures([(r.configuration.short_label, r.outcome) for r in group if isinstance(r.outcome, str)])
    return text


def _failures(failed: Sequence[tuple[str, str]]) -> list[str]:
    """One line for each reason of a failure, with how often it occurred and where first."""
    counts = collections.Counter(reason for _, reason in failed)
    first = {reason: label for label, reason in reversed(failed)}
    return [f"failed: {count} x {reason} (first: {first[reason]})" for reason, count in counts.items()]


def _conditions_text(c: Conditions) -> str:
    clock = "clock unknown" if c.clock_hz is None else f"{c.clock_hz / 1e9:.2f} GHz"
    what = [f"{c.runtime} {c.runtime_version}".rstrip(), f"delegate {c.delegate}", c.cpu or c.device, clock]
    if c.cpus:
        threads = f"{c.threads} thread{'s' * (c.threads != 1)} on core {', '.join(map(str, c.cpus))}"
        what += [f"governor {c.governor or 'unknown'}", threads]
    return ", ".join(what)


def _caveats(measured: Sequence[Measurement], best: Mapping[str, Pace]) -> list[str]:
    text = []
    if not all(is_converged(found) or isnan(found.statistics.ci95_s) for found in measured):
        text.append("* the mean's 95 % interval is wider than 2 %")
    unsettled = sum(not is_settled(found.runs, best[found.conditions.setting_digest]) for found in measured)
    if unsettled:
        text.append(
            f"~ {unsettled} of {len(measured)}: no {CONFIRMATIONS} calm visits agree within {AGREEMENT:.0%}; "
            "'run' with more --max-visits when it is quiet"
        )
    return text


def _readings_text(measured: Sequence[Measurement]) -> list[str]:
    """The ranges of clock and temperature during the measurements; nothing where the machine reported neither."""
    readings = [reading for found in measured for run in found.runs for reading in (run.before, run.after)]
    clocks_ghz = [reading.clock_hz / 1e9 for reading in readings if reading.clock_hz is not None]
    degrees_c = [reading.temperature_c for reading in readings if reading.temperature_c is not None]
    texts = [
        f"{min(values):{form}} to {max(values):{form}} {unit}"
        for values, form, unit in ((clocks_ghz, ".2f", "GHz"), (degrees_c, ".0f", "degrees Celsius"))
        if values
    ]
    return [f"meanwhile {', '.join(texts)}"] if texts else []


def _cells(record: Record, measurement: Measurement, best: Mapping[str, Pace]) -> tuple[str, ...]:
    s, at_best = measurement.statistics, best[measurement.conditions.setting_digest]
    unsettled = "" if is_settled(measurement.runs, at_best) else " ~"
    wide = "" if is_converged(measurement) else " *"
    interval = "-" if isnan(s.ci95_s) else f"{s.ci95_s / s.mean_s:.1%}{wide}"
    return (
        *(record.configuration.short_label, record.configuration.dtype, f"{_ms(measurement.latency_s)}{unsettled}"),
        *(_ms(s.min_s), _ms(s.mean_s), interval, _ms(s.p95_s), str(len(measurement.runs))),
        *(str(measurement.run_count), f"{drift(measurement.representative, at_best):.2f}"),
    )


def _ms(time_s: float) -> str:
    return "-" if isnan(time_s) else f"{1e3 * time_s:.4f}"
