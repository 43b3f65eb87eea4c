"""What must change for networks to take no longer than a given time."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import PlatformError

from .points import along
from .ridges import Binding, bindings
from .searches import STEPS, bisected, reachable, refusal, spaced, value_of
from .suite import Suite

_TRIED, _TRIED_ANEW = 49, 7
"""Values tried to either side of a number, and where networks are planned anew for each."""
_HALVED_ANEW = 12
"""Halvings of the interval between two of them where networks are planned anew for each."""


class Way(NamedTuple):
    """One number by which a goal is reached, or how near it comes. Latencies in seconds."""

    key: str
    value: float
    """What the number is."""
    needed: float
    """The value nearest to that at which the goal is met; where none does, the value that comes closest."""
    latency_s: float
    """The latency there."""
    is_reached: bool
    binding: Binding
    """What binds there."""
    refusal: str = ""
    """Why the number cannot be changed alone."""

    @property
    def distance(self) -> float:
        """How far the number would have to go, as a log ratio."""
        return abs(log(self.needed / self.value)) if self.needed > 0.0 and self.value > 0.0 else 0.0


def way(suite: Suite, key: str, goal_s: float) -> Way:
    """How far one number would have to go, all others as they are, for the mean latency to be ``goal_s`` at most.

    It is sought among the values that the key allows, up to a thousand times more or less than it is. Where the
    goal is met already, the value returned is the present one.
    """
    own = value_of(suite.platform, key)
    refused = refusal(suite.platform, key) if own else "it is 0, of which there are no multiples"
    found = None
    if not refused:
        try:
            found = _found(suite, key, own, goal_s)
        except PlatformError as error:
            refused = str(error)
    if found is None:
        found = own, bool(suite.mean(suite.base.latency_s)[0] <= goal_s)
    needed, is_met = found
    there = suite.at(along(key, [needed]))
    latency_s = float(suite.mean(there.latency_s)[0])
    return Way(key, own, needed, latency_s, is_met, bindings(suite, there)[0], refused)


def _found(suite: Suite, key: str, own: float, goal_s: float) -> tuple[float, bool]:
    """The value of a number nearest to its own that meets the goal, or that comes closest, and which of them it is."""
    ends = reachable(suite.platform, key)
    count = _TRIED_ANEW if suite.replans(key) else _TRIED
    sides = [spaced(own, end, count, ends.whole) for end in (ends.low, ends.high)]
    met = [value for side in sides if (value := _nearest(suite, key, side, goal_s)) is not None]
    if met:
        return min(met, key=lambda value: abs(log(value / own)) if value > 0.0 else float("inf")), True
    tried = [*sides[0], *sides[1]]
    return tried[int(np.argmin(suite.latency_s(along(key, tried))))], False


def _nearest(suite: Suite, key: str, values: list[float], goal_s: float) -> float | None:
    """The first value on the way from the first of ``values`` to the last at which the goal is met."""
    met = (suite.latency_s(along(key, values)) <= goal_s).tolist()
    if True not in met:
        return None
    place = met.index(True)
    if place == 0:
        return values[0]
    return bisected(
        values[place - 1],
        values[place],
        lambda value: float(suite.latency_s(along(key, [value]))[0]) > goal_s,
        is_log=True,
        whole=reachable(suite.platform, key).whole,
        steps=_HALVED_ANEW if suite.replans(key) else STEPS,
    )[1]
