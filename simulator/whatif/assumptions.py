"""What a prediction's assumed numbers leave open: all of them drawn at random, and each moved by itself."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.problems import allowed
from stairline.simulator.pricing.arrays import Vector

from .errors import WhatIfError
from .points import Points, along
from .suite import Suite

DRAWS = 1000
"""Points drawn where every number changes rates alone."""
_DRAWS_ANEW = 50
SEED = 0


class Assumption(NamedTuple):
    """An assumed number with its range, and the latency at both ends of it, in seconds."""

    key: str
    value: float
    low: float
    high: float
    at_low_s: float
    at_high_s: float

    @property
    def size(self) -> float:
        """How much the latency depends on it, as a log ratio."""
        return abs(log(self.at_high_s / self.at_low_s))


class Open(NamedTuple):
    """What the assumed numbers leave open. Latencies in seconds, means of the suite."""

    latency_s: float
    """The latency at the values that the platform states."""
    drawn_s: Vector
    """(points,): the latency at each point drawn."""
    assumptions: tuple[Assumption, ...]
    """Every assumed number, the one that matters most first."""

    @property
    def interval_s(self) -> tuple[float, float]:
        """The 90 % interval of the latencies drawn."""
        low, high = np.quantile(self.drawn_s, [0.05, 0.95]).tolist()
        return low, high


def assumed(platform: Platform) -> dict[str, tuple[float, float, float]]:
    """The numbers of a platform whose source is an assumption and that state a range: value, least and greatest."""
    sources = platform.file.sources
    return {
        key: (q.value, q.min, q.max)
        for key, q in quantities(platform.file)
        if sources[q.source].kind == "assumed" and q.min is not None and q.max is not None and q.min < q.max
    }


def left_open(suite: Suite, draws: int | None = None, seed: int = SEED) -> Open:
    """The latency with all assumed numbers drawn from their ranges, by equal ratios, and with each at its ends.

    Whole numbers are drawn whole. Raises WhatIfError where the platform assumes no number within a range.
    """
    ranges = assumed(suite.platform)
    if not ranges:
        raise WhatIfError(f"{suite.platform.name}: no number in it is assumed within a range: give some min and max")
    whole = frozenset(key for key in ranges if allowed(suite.platform.file, key).whole)
    points = drawn(ranges, whole, draws or (_DRAWS_ANEW if any(map(suite.replans, ranges)) else DRAWS), seed)
    each = [_moved(suite, key, *numbers) for key, numbers in ranges.items()]
    return Open(
        float(suite.mean(suite.base.latency_s)[0]),
        suite.latency_s(points),
        tuple(sorted(each, key=lambda one: -one.size)),
    )


def drawn(ranges: dict[str, tuple[float, float, float]], whole: frozenset[str], draws: int, seed: int) -> Points:
    """Points drawn independently from each range: evenly in the logarithm, or evenly where a range begins at 0."""
    random = np.random.default_rng(seed)
    columns = []
    for key, (_, low, high) in ranges.items():
        shares = random.uniform(size=draws)
        column = low * (high / low) ** shares if low > 0.0 else low + (high - low) * shares
        columns.append(np.round(column) if key in whole else column)
    return Points(tuple(ranges), np.column_stack(columns))


def _moved(suite: Suite, key: str, value: float, low: float, high: float) -> Assumption:
    at_low_s, at_high_s = suite.latency_s(along(key, [low, high])).tolist()
    return Assumption(key, value, low, high, at_low_s, at_high_s)
