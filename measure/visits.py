"""When a configuration was visited often enough: visits that a calm machine confirms.

Drift is the time of a reference piece of work over the shortest that it ever took under the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .protocol import Protocol, is_narrow
from .record import Measurement, Run
from .store import Record

SLOW = 1.1
"""Drift from which the machine counts as disturbed; a quiet one stays below (docs/measure.md)."""

AGREEMENT = 0.02
"""Of two medians, over the quicker."""


class Pace(NamedTuple):
    """The shortest times of the reference work, in seconds; infinite where it was never done."""

    matmul_s: float = float("inf")
    stream_s: float = float("inf")


def pace(runs: Iterable[Run], known: Pace) -> Pace:
    """The quickest that the machine was around these runs and as far as known."""
    readings = [reading for run in runs for reading in (run.before, run.after)]
    return Pace(
        min([known.matmul_s, *(reading.matmul_s for reading in readings if reading.matmul_s is not None)]),
        min([known.stream_s, *(reading.stream_s for reading in readings if reading.stream_s is not None)]),
    )


def paces(records: Iterable[Record]) -> dict[str, Pace]:
    """The same by setting digest, for the records of a store."""
    found: dict[str, Pace] = {}
    for record in records:
        if isinstance(record.outcome, Measurement):
            setting = record.conditions.setting_digest
            found[setting] = pace(record.outcome.runs, found.get(setting, Pace()))
    return found


def drift(run: Run, best: Pace) -> float:
    """How many times slower than at its best the machine was around a visit, by the worst reading: 1 or more."""
    readings = (run.before, run.after)
    products = [reading.matmul_s / best.matmul_s for reading in readings if reading.matmul_s is not None]
    streams = [reading.stream_s / best.stream_s for reading in readings if reading.stream_s is not None]
    return max([1.0, *products, *streams])


def is_settled(runs: Sequence[Run], best: Pace) -> bool:
    """Whether two visits by a calm machine agree with the quickest of all; a computed time stands by itself."""
    if any(run.exact for run in runs):
        return True
    quickest_s = min(run.median_s for run in runs)
    agreeing = [run for run in runs if run.median_s <= (1 + AGREEMENT) * quickest_s]
    return sum(drift(run, best) <= SLOW for run in agreeing) >= 2


def is_converged(measurement: Measurement) -> bool:
    """Whether the mean of all runs is known as well as the paper knows its own."""
    return measurement.quickest.exact or is_narrow([time_s for run in measurement.runs for time_s in run.runs_s])


def is_due(runs: Sequence[Run], best: Pace, protocol: Protocol) -> bool:
    """Whether the protocol asks for another visit."""
    if any(run.exact for run in runs):
        return False
    if len(runs) < protocol.visits:
        return True
    return len(runs) < protocol.max_visits and not is_settled(runs, best)
