"""Measured sweeps beside what a platform predicts for them: staircases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hwmodels import Platform
from measure import store
from measure.configuration import Configuration, configuration
from measure.record import Measurement
from simulator.graph import GraphError
from simulator.predict import predict
from simulator.zoo import ZooError

from .steps import FEWEST_SAMPLES
from .store_records import is_store

MOST_PREDICTED = 400
"""Values of a sweep that are predicted at most, beside the measured ones."""


class Sweep(NamedTuple):
    """Measurements that differ in one setting, in its order: the setting's value and the latency in seconds."""

    setting: str
    others: Configuration
    """What was measured, without that setting."""
    points: tuple[tuple[int, float], ...]

    def at(self, value: int) -> Configuration:
        """The configuration with that value of the setting."""
        return configuration(
            self.others.kind, self.others.name, dict(self.others.settings) | {self.setting: value}, self.others.dtype
        )


def read_sweeps(path: Path, backend: str | None) -> tuple[Sweep, ...]:
    """The sweeps of a store that hold enough values to show steps, the longest first; none of what is no store."""
    if not is_store(path):
        return ()
    points: dict[tuple[str, Configuration], dict[int, float]] = {}
    with store.opened(path) as opened:
        for record in opened.records():
            if isinstance(record.outcome, Measurement) and backend in (None, record.backend):
                for setting, value, others in _varied(record.configuration):
                    points.setdefault((setting, others), {})[value] = record.outcome.latency_s
    swept = [Sweep(*what, tuple(sorted(found.items()))) for what, found in points.items()]
    long = [sweep for sweep in swept if len(sweep.points) >= FEWEST_SAMPLES]
    return tuple(sorted(long, key=lambda sweep: -len(sweep.points)))


def predicted_s(sweep: Sweep, platform: Platform, dtype: str) -> list[tuple[int, float]]:
    """What a platform predicts over the range of a sweep, at the values that can be built, in seconds."""
    measured = [value for value, _ in sweep.points]
    step = max(1, (measured[-1] - measured[0]) // MOST_PREDICTED)
    found = []
    for value in sorted({*measured, *range(measured[0], measured[-1] + 1, step)}):
        try:
            graph = sweep.at(value).graph()
        except (GraphError, ZooError):  # Not every value can be built: groups divide channels.
            continue
        found.append((value, predict(graph, platform, dtype).latency_s))
    return found


def _varied(one: Configuration) -> Iterator[tuple[str, int, Configuration]]:
    for setting, value in one.settings:
        if isinstance(value, int):
            yield setting, value, one._replace(settings=tuple(s for s in one.settings if s[0] != setting))
