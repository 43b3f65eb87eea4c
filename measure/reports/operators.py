"""The times of operators in a store as text; milliseconds, for people read them."""

from __future__ import annotations

from collections.abc import Sequence

from stairline.measure.store.store import Record
from stairline.measure.timing.record import Measurement

from .columns import columns
from .order import natural_order


def operator_lines(records: Sequence[Record]) -> list[str]:
    """The operators of each measurement that has their times, in running order, and their sum beside its latency."""
    text: list[str] = []
    for record in sorted(records, key=natural_order):
        found = record.outcome
        if not isinstance(found, Measurement) or not (times := found.representative.counters):
            continue
        total_s = sum(one.time_s for one in times)
        configuration = record.configuration
        text += [*([""] if text else []), f"{configuration.label} {configuration.dtype}: {record.backend}"]
        rows = [(c.name, c.op, f"{1e3 * c.time_s:.4f}", f"{c.time_s / total_s:.1%}", c.kernel) for c in times]
        text += columns([("name", "operator", "ms", "share", "kernel"), *rows])
        share = total_s / found.latency_s
        text.append(f"sum {1e3 * total_s:.4f} ms, {share:.1%} of the {1e3 * found.latency_s:.4f} measured")
    return text or ["no measurement here has times of operators: 'stairline measure run --counters' takes them"]
