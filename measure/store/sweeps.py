"""Sweeps among measurements: those that differ in one setting only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import Measurement

from .store import Record


class Sweep(NamedTuple):
    """Measurements that differ in one setting only, in the order of its values."""

    setting: str
    backend: str
    others: Configuration
    """The configuration without the swept setting."""
    where: str
    """The conditions in which sweeps of one store are likely to differ, as text."""
    points: tuple[tuple[int, Measurement], ...]

    @property
    def values(self) -> tuple[int, ...]:
        """The values of the swept setting."""
        return tuple(value for value, _ in self.points)

    @property
    def times_s(self) -> tuple[float, ...]:
        """The latency in seconds at each value."""
        return tuple(found.latency_s for _, found in self.points)

    def at(self, value: int) -> Configuration:
        """The configuration with that value of the setting."""
        what = self.others
        return configuration(what.kind, what.name, dict(what.settings) | {self.setting: value}, what.dtype)


def sweeps(records: Sequence[Record]) -> list[Sweep]:
    """Every sweep of at least two values, over any setting, in the order in which the records begin them."""
    points: dict[tuple[str, str, Configuration, str], dict[int, Measurement]] = {}
    for record in records:
        if isinstance(record.outcome, Measurement):
            where = _where(record.outcome)
            for setting, value, others in _varied(record.configuration):
                sweep = (setting, record.backend, others, where)
                points.setdefault(sweep, {})[value] = record.outcome
    return [Sweep(*sweep, tuple(sorted(found.items()))) for sweep, found in points.items() if len(found) > 1]


def sweeps_over(records: Sequence[Record], setting: str) -> list[Sweep]:
    """The sweeps over one setting, by backend and name. Raises MeasureError where no two measurements differ in it."""
    found = [sweep for sweep in sweeps(records) if sweep.setting == setting]
    if not found:
        known = sorted({key for record in records for key, _ in record.configuration.settings})
        raise MeasureError(f"--sweep {setting}: no two measurements differ in it; settings are {', '.join(known)}")
    return sorted(found, key=by_name)


def by_name(sweep: Sweep) -> tuple[str, str, str, str]:
    """The key that sorts sweeps over one setting: backend, name, precision and conditions."""
    return sweep.backend, sweep.others.label, sweep.others.dtype, sweep.where


def _varied(one: Configuration) -> Iterator[tuple[str, int, Configuration]]:
    """Each setting that has a number, that number, and the configuration without it."""
    for setting, value in one.settings:
        if isinstance(value, int):
            yield setting, value, one._replace(settings=tuple(s for s in one.settings if s[0] != setting))


def _where(measurement: Measurement) -> str:
    c = measurement.conditions
    return f"{c.runtime} {c.runtime_version}, {c.threads} thread{'s' * (c.threads != 1)}, setting {c.setting_digest}"
