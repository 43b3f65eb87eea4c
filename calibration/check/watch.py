"""Times that are taken again and again, held against those before: an alarm at a stated rate, whenever one looks.

The first time of a network is held against the prediction, each further one against the mean of those before it, so
that errors of the model stay out of it. The standardised differences are independent and normal while nothing changes.
For each moment at which a change may have begun, the mixture of their likelihood ratios over normal shifts (Robbins,
Ann. Math. Statist. 41, 1970) is an e-process, and so is the mean of them all under weights that sum to 1: by Ville's
inequality it reaches 1 / alpha at any time with a probability of at most alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, hypot, log
from typing import Any, NamedTuple

import numpy as np

from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph

from .join import planned
from .measured import MeasuredFile
from .rows import HALF_90, LEAST_SIGMA, Vector

SHIFT = 3.0
"""Deviation of the shifts that the mixture expects, in standard deviations of one time."""
_SAME = 2.5
"""Standard deviations between a network's shift and the common one from which on they differ."""


class Time(NamedTuple):
    """A time held against those before it."""

    net: str
    line: int
    shift: float
    """Log of the time over what was expected."""
    sigma: float


class Alarm(NamedTuple):
    """A change: of all networks, which is the machine, or of some, which is the runtime or a driver."""

    what: str
    """``common``, or the name of the network that moved."""
    factor: float
    """How many times as long it takes since then."""
    since_line: int
    at_line: int
    e_value: float


class Watch(NamedTuple):
    """What watching found."""

    records: str
    platform: str
    false_alarms: float
    times: int
    alarms: tuple[Alarm, ...]
    recalibrate_with: tuple[str, ...]
    """The networks to measure anew; empty where nothing moved."""

    def to_json(self) -> dict[str, Any]:
        """One object."""
        found = self._asdict() | {"alarms": [alarm._asdict() for alarm in self.alarms]}
        verdict = "diverges" if self.alarms else "agrees"
        return {"schema_version": 1, "verdict": verdict, **found, "recalibrate_with": list(self.recalibrate_with)}


def watch(
    measured: MeasuredFile,
    graph_of: Callable[[str], Graph | None],
    platform: Platform,
    *,
    noise: float | None = None,
    false_alarms: float = 0.01,
) -> Watch:
    """Watch times in the order of their file. ``noise`` is the relative deviation of times that state none.

    Half of ``false_alarms`` is spent on a common change, half on changes of single networks. Raises RecordsError for a
    time without noise, and where no network is known.
    """
    times = _times(measured, graph_of, platform, noise)
    if not times:
        raise RecordsError(f"{measured.name}: no network of that name is known; give --layers or its file as MODEL")
    nets = list(dict.fromkeys(time.net for time in times))
    common = _alarm("common", times, false_alarms / 2.0)
    own = [_alarm(net, [t for t in times if t.net == net], false_alarms / 2.0 / len(nets)) for net in nets]
    some = [alarm for alarm in own if alarm is not None]
    if common is not None:
        moved = _unlike(times, common)
        some = [alarm for alarm in some if alarm.what in moved]
        if len(moved) * 2 > len(nets):
            common = None
            some = [alarm for alarm in own if alarm is not None]
    alarms = (*((common,) if common else ()), *some)
    again = nets if common else [alarm.what for alarm in some]
    return Watch(measured.name, platform.name, false_alarms, len(times), alarms, tuple(again))


def _times(
    measured: MeasuredFile, graph_of: Callable[[str], Graph | None], platform: Platform, noise: float | None
) -> list[Time]:
    before: dict[str, list[float]] = {}
    found = []
    for one in measured.networks:
        graph = graph_of(one.net)
        if graph is None or one.latency_s is None:
            continue
        stated = one.std_s / one.latency_s if one.std_s is not None else noise
        if stated is None:
            raise RecordsError(f"{measured.name}, line {one.line}: no std_ms; state it, or give --noise, such as 2%")
        sigma, logs = max(stated, LEAST_SIGMA), before.setdefault(one.net, [])
        if logs:
            expected, spread = float(np.mean(logs)), sigma * (1.0 + 1.0 / len(logs)) ** 0.5
        else:
            s = planned(graph, platform, one.dtype).prediction.summary
            expected, spread = log(s.latency_s), hypot(log(s.upper_s / s.latency_s) / HALF_90, sigma)
        found.append(Time(one.net, one.line, log(one.latency_s) - expected, spread))
        logs.append(log(one.latency_s))
    return found


def e_values(z: Vector) -> tuple[Vector, Vector]:
    """(times,): the e-process over standard normal values, and the start that carries most of it at each time."""
    found, starts = np.empty(len(z)), np.zeros(len(z))
    sums, counts = np.zeros(len(z)), np.zeros(len(z))
    places = np.arange(1, len(z) + 1)
    weights = 1.0 / (places * (places + 1.0))
    for t, value in enumerate(z):
        sums[: t + 1] += value
        counts[: t + 1] += 1.0
        spread = 1.0 + SHIFT**2 * counts[: t + 1]
        logs = SHIFT**2 * sums[: t + 1] ** 2 / (2.0 * spread) - 0.5 * np.log(spread)
        each = weights[: t + 1] * np.exp(np.minimum(logs, 600.0))
        found[t] = each.sum() + 1.0 / (t + 2.0)
        starts[t] = int(np.argmax(each))
    return found, starts


def _alarm(what: str, times: Sequence[Time], alpha: float) -> Alarm | None:
    """The first alarm of a series; None where it stays below 1 / alpha."""
    e, starts = e_values(np.array([time.shift / time.sigma for time in times]))
    over = np.flatnonzero(e >= 1.0 / alpha)
    if not len(over):
        return None
    at = int(over[0])
    start = int(starts[at])
    since = times[start : at + 1]
    weights = [1.0 / time.sigma**2 for time in since]
    shift = sum(w * time.shift for w, time in zip(weights, since)) / sum(weights)
    return Alarm(what, exp(shift), since[0].line, times[at].line, float(e[at]))


def _unlike(times: Sequence[Time], common: Alarm) -> set[str]:
    """The networks whose first time since a common change differs from what is common."""
    first: dict[str, Time] = {}
    for time in times:
        if time.line >= common.since_line:
            first.setdefault(time.net, time)
    middle = float(np.median([time.shift for time in first.values()]))
    return {net for net, time in first.items() if abs(time.shift - middle) > _SAME * time.sigma}
