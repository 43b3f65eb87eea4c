"""Along one number of a platform: the values to look at, and where between two of them something changes."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from stairline.hwmodels import Platform, PlatformError, derive, quantities
from stairline.hwmodels.files.changes import Value
from stairline.hwmodels.kernels.parameters import Range
from stairline.hwmodels.problems import allowed

REACH = 1000.0
"""The factor up to which a number is tried, to either side."""
STEPS = 60
"""Halvings of an interval: behind them the ends differ in the last digits."""


def value_of(platform: Platform, key: str) -> float:
    """The value of a number of the platform."""
    return next(quantity.value for name, quantity in quantities(platform.file) if name == key)


def reachable(platform: Platform, key: str) -> Range:
    """The values of a number that are tried: those that its key allows, within ``REACH`` of what it is."""
    own, stated = value_of(platform, key), allowed(platform.file, key)
    if own == 0.0:
        return stated._replace(high=0.0)
    return Range(max(stated.low, own / REACH), min(stated.high, own * REACH), stated.whole)


def refusal(platform: Platform, key: str) -> str:
    """Why a number cannot be changed alone, such as one that must agree with another; empty where it can."""
    ends, own = reachable(platform, key), value_of(platform, key)
    other = next((end for end in (ends.low, ends.high) if end != own), own)
    try:
        derive(platform, [Value(key, other)])
    except PlatformError as error:
        return str(error).splitlines()[0]
    return ""


def spaced(start: float, end: float, count: int, whole: bool) -> list[float]:
    """Values from ``start`` to ``end``, both included, by equal ratios; whole numbers once each where ``whole``."""
    if start == end:
        return [start]
    low = min(start, end) or max(start, end) / REACH
    values = np.geomspace(max(start, low), max(end, low), count).tolist()
    inner = [float(round(v)) if whole else v for v in values[1:-1]]
    return list(dict.fromkeys([start, *inner, end]))


def bisected(
    low: float, high: float, is_low: Callable[[float], bool], *, is_log: bool, whole: bool = False, steps: int = STEPS
) -> tuple[float, float]:
    """Two neighbouring values between which ``is_low`` turns from true at ``low`` to false at ``high``."""
    for _ in range(steps):
        middle = sqrt(low * high) if is_log and low > 0.0 and high > 0.0 else (low + high) / 2.0
        middle = float(round(middle)) if whole else middle
        if middle in (low, high):
            break
        low, high = (middle, high) if is_low(middle) else (low, middle)
    return low, high
