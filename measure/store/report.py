"""A store as text; milliseconds, for people read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING

from stairline.measure.campaign.visits import AGREEMENT, CONFIRMATIONS, Pace, drift, is_converged, is_settled, paces
from stairline.measure.timing.record import Conditions, Measurement

from .store import Record

if TYPE_CHECKING:
    from stairline.measure.accuracy.agreement import Accuracy, Share
    from stairline.measure.energy.trace import Energy, Trace

_HEADINGS = ("net", "dtype", "ms", "min", "mean", "+-95 %", "p95", "visits", "runs", "drift")


def lines(records: Sequence[Record]) -> list[str]:
    """The whole store: measurements under the conditions they share, then what failed and why."""
    if not records:
        return ["empty: nothing was measured yet"]
    best = paces(records)
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=_natural_order):
        groups.setdefault((record.backend, record.conditions.setting_digest), []).append(record)
    text: list[str] = []
    for (backend, _), group in groups.items():
        text += [*([""] if text else []), f"{backend}: {_conditions_text(group[0].conditions)}"]
        measured = [(r, r.outcome) for r in group if isinstance(r.outcome, Measurement)]
        if measured:
            text += _readings_text([found for _, found in measured])
            text += _table([_HEADINGS, *(_cells(record, found, best) for record, found in measured)])
        text += _caveats([found for _, found in measured], best)
        text += _failures([(r.configuration.short_label, r.outcome) for r in group if isinstance(r.outcome, str)])
    return text


def counter_lines(records: Sequence[Record]) -> list[str]:
    """The operators of each measurement that has their times, in running order, and what they leave unexplained."""
    text: list[str] = []
    for record in sorted(records, key=_natural_order):
        found = record.outcome
        if not isinstance(found, Measurement) or not (counters := found.representative.counters):
            continue
        total_s = sum(counter.time_s for counter in counters)
        configuration = record.configuration
        text += [*([""] if text else []), f"{configuration.label} {configuration.dtype}: {record.backend}"]
        rows = [(c.name, c.op, f"{1e3 * c.time_s:.4f}", f"{c.time_s / total_s:.1%}", c.kernel) for c in counters]
        text += _table([("name", "operator", "ms", "share", "kernel"), *rows])
        share = total_s / found.latency_s
        text.append(f"sum {1e3 * total_s:.4f} ms, {share:.1%} of the {1e3 * found.latency_s:.4f} measured")
    return text or ["no measurement here has times of operators: 'stairline measure run --counters' takes them"]


def energy_lines(trace: Trace, found: Energy) -> list[str]:
    """What a power trace says."""
    first_s, last_s = found.stage_s
    end_s = trace.start_s + trace.step_s * len(trace.watts)
    rows = [
        ("energy", f"{1e3 * found.energy_j:.4g} mJ an inference, +- {1e3 * found.energy_ci95_j:.2g} (95 %)"),
        ("power", f"{found.power_w:.4g} W, +- {found.power_ci95_w:.2g} (95 %)"),
        ("inference", f"{1e3 * found.inference_s:.4g} ms"),
        ("stage", f"{first_s:.3f} to {last_s:.3f} s of {trace.start_s:.3f} to {end_s:.3f} s"),
        ("pattern", f"{found.cycles} repetitions of {1e3 * found.period_s:.4g} ms"),
    ]
    if trace.resampled:
        rows.append(("sampling", f"uneven: interpolated at every {1e3 * trace.step_s:.4g} ms"))
    return [f"{key:<10} {value}" for key, value in rows]


def accuracy_lines(results: Sequence[tuple[str, Accuracy]]) -> list[str]:
    """A row for each model; shares with their 95 % intervals."""

    def text(share: Share | None) -> str:
        return "-" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"

    rows = [(name, str(a.images), text(a.top1), text(a.top5), text(a.agreement)) for name, a in results]
    shown = _table([("model", "images", "top-1", "top-5", "as the first model"), *rows])
    if all(a.top1 is None for _, a in results):
        shown.append("no image has a class: put them into a folder for each, or give --labels")
    return shown


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
    """What the machine was like meanwhile, as far as it told."""
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


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
