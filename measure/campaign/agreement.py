"""Whether the visits to a configuration agree, so that no further one is due.

Drift is the time of a reference piece of work over the shortest that it ever took under the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stairline.measure.store.store import Record
from stairline.measure.timing.protocol import TOLERANCE, Protocol
from stairline.measure.timing.record import Measurement, Run, representative

SLOW = 1.1
"""Drift from which the machine counts as disturbed; a quiet one stays below (docs/measure.md)."""

AGREEMENT = 0.02
"""Relative difference of a visit's median from the reported latency up to which the two agree."""
CONFIRMATIONS = 3
"""Number of calm visits that have to agree with the reported latency."""


class Pace(NamedTuple):
    """The shortest times that the reference work ever took, in seconds; infinite where it was never done."""

    matmul_s: float = float("inf")
    stream_s: float = float("inf")


def pace(runs: Iterable[Run], known: Pace) -> Pace:
    """The shortest reference times around these runs, or those ``known`` where they are shorter."""
    readings = [reading for run in runs for reading in (run.before, run.after)]
    return Pace(
        min([known.matmul_s, *(reading.matmul_s for reading in readings if reading.matmul_s is not None)]),
        min([known.stream_s, *(reading.stream_s for reading in readings if reading.stream_s is not None)]),
    )


def paces(records: Iterable[Record]) -> dict[str, Pace]:
    """The shortest reference times among the records of a store, by setting digest."""
    found: dict[str, Pace] = {}
    for record in records:
        if isinstance(record.outcome, Measurement):
            setting = record.conditions.setting_digest
            found[setting] = pace(record.outcome.runs, found.get(setting, Pace()))
    return found


def drift(run: Run, best: Pace) -> float:
    """The machine's slow-down around a visit: its slowest reference time over the shortest ever, 1 or more."""
    readings = (run.before, run.after)
    products = [reading.matmul_s / best.matmul_s for reading in readings if reading.matmul_s is not None]
    streams = [reading.stream_s / best.stream_s for reading in readings if reading.stream_s is not None]
    return max([1.0, *products, *streams])


def is_settled(visits: Sequence[Run], best: Pace) -> bool:
    """Whether visits by a calm machine confirm the latency that is reported of them; a computed one needs none."""
    latency_s = representative(visits).median_s
    agreeing = [run for run in visits if abs(run.median_s - latency_s) <= AGREEMENT * latency_s]
    return visits[0].final or sum(drift(run, best) <= SLOW for run in agreeing) >= CONFIRMATIONS


def is_converged(measurement: Measurement) -> bool:
    """Whether the mean of all runs is known within ``TOLERANCE``, as the paper demands of its own."""
    found = measurement.statistics
    return found.ci95_s <= TOLERANCE * found.mean_s


def is_due(visits: Sequence[Run], best: Pace, protocol: Protocol) -> bool:
    """Whether the protocol asks for another visit."""
    if visits and visits[0].final:
        return False
    if len(visits) < protocol.visits:
        return True
    return len(visits) < protocol.max_visits and not is_settled(visits, best)
