"""Where along one number of a platform the bound changes that most of the time is under: the ridges of its roofs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stairline.simulator.pricing.arrays import Vector
from stairline.simulator.pricing.points import LIMITS

from .points import Axis, along
from .searches import bisected
from .suite import Outcomes, Suite


class Binding(NamedTuple):
    """What most of the time at a point is limited by, and the share of the time that it takes."""

    limit: str
    share: float


class Ridge(NamedTuple):
    """Two values of a number, as near as can be told apart, between which the binding bound is another one."""

    key: str
    low: float
    high: float
    below: str
    above: str


def bindings(suite: Suite, outcomes: Outcomes) -> list[Binding]:
    """What binds at each point."""
    limited_s: Vector = suite.mean(outcomes.limited_s)
    largest = np.argmax(limited_s, axis=1)
    totals = np.maximum(np.sum(limited_s, axis=1), np.finfo(float).tiny)
    shares = limited_s[np.arange(len(largest)), largest] / totals
    return [Binding(LIMITS[place], share) for place, share in zip(largest.tolist(), shares.tolist())]


def ridges(suite: Suite, axis: Axis) -> list[Ridge]:
    """The ridges between the values of a sweep of one number, with all others as they are.

    Each is found by bisection; where the number changes the plan, the two values of the sweep around it are given.
    """
    values = sorted(axis.values)
    found = _limits(suite, axis.key, values)
    return [
        _ridge(suite, axis, low, high, below, above)
        for (low, below), (high, above) in pairwise(zip(values, found))
        if below != above
    ]


def _limits(suite: Suite, key: str, values: Sequence[float]) -> list[str]:
    return [binding.limit for binding in bindings(suite, suite.at(along(key, values)))]


def _ridge(suite: Suite, axis: Axis, low: float, high: float, below: str, above: str) -> Ridge:
    if not suite.replans(axis.key):

        def is_below(value: float) -> bool:
            return _limits(suite, axis.key, [value])[0] == below

        low, high = bisected(low, high, is_below, is_log=axis.is_log)
        above = _limits(suite, axis.key, [high])[0]
    return Ridge(axis.key, low, high, below, above)
