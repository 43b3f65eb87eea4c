"""Measured sweeps beside what a platform predicts for them: staircases."""

from __future__ import annotations

from pathlib import Path

from stairline.calibration.probing.steps import FEWEST_SAMPLES
from stairline.calibration.records.store import is_store
from stairline.hwmodels import Platform
from stairline.measure.store import store
from stairline.measure.store.sweeps import Sweep, sweeps
from stairline.simulator.graph.graph import GraphError
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import ZooError

MOST_PREDICTED = 400
"""Most values of a sweep that are predicted beside the measured ones."""


def long_sweeps(path: Path, backend: str | None) -> tuple[Sweep, ...]:
    """The sweeps of a store that hold enough values to show steps, the longest first; none of what is no store."""
    if not is_store(path):
        return ()
    with store.opened(path) as opened:
        found = sweeps([record for record in opened.records() if backend in (None, record.backend)])
    long = [sweep for sweep in found if len(sweep.points) >= FEWEST_SAMPLES]
    return tuple(sorted(long, key=lambda sweep: -len(sweep.points)))


def predicted_s(sweep: Sweep, platform: Platform, dtype: str) -> list[tuple[int, float]]:
    """What a platform predicts over the range of a sweep, at the values that can be built, in seconds."""
    measured = sweep.values
    step = max(1, (measured[-1] - measured[0]) // MOST_PREDICTED)
    found = []
    for value in sorted({*measured, *range(measured[0], measured[-1] + 1, step)}):
        try:
            graph = sweep.at(value).graph()
        except (GraphError, ZooError):  # Not every value can be built: groups divide channels.
            continue
        found.append((value, predict(graph, platform, dtype).latency_s))
    return found
