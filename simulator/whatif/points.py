"""Points: values of some numbers of a platform, as a grid of sweeps or drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform
from stairline.hwmodels.files.settings import key_and_rest, require_key
from stairline.hwmodels.files.units import parsed
from stairline.simulator.pricing.arrays import Vector

from .errors import WhatIfError

MOST_POINTS = 1_000_000
"""The most points of one sweep."""
_FORM = "KEY=LOW:HIGH:logN, KEY=LOW:HIGH:linN or a list KEY=A,B,C"


class Axis(NamedTuple):
    """The values that a sweep gives one number of the platform, in the unit of its key."""

    key: str
    values: tuple[float, ...]
    is_log: bool
    """Whether the values are spaced by ratios, so that what lies between two of them is found that way too."""


@dataclass(frozen=True, eq=False)
class Points:
    """Values of some numbers of a platform, beside each other at each point."""

    keys: tuple[str, ...]
    values: Vector
    """(points, keys): in the unit of each key."""

    def __len__(self) -> int:
        """Number of points."""
        return len(self.values)

    def only(self, chosen: slice | Vector) -> Points:
        """Some of the points."""
        return Points(self.keys, self.values[chosen])


def axis(platform: Platform, text: str) -> Axis:
    """The sweep in a text such as ``roofs.memory.dram.bandwidth_bytes_per_s=5e9:40GB/s:log20``.

    Raises WhatIfError for a text that is no sweep or has no points, PlatformError for a key that the platform lacks.
    """
    key, rest = key_and_rest(text, f"a sweep; write {_FORM}")
    require_key(platform, key)
    try:
        return _axis(key, rest)
    except ValueError as error:
        raise WhatIfError(f"--sweep {text}: {error}") from None


def _axis(key: str, text: str) -> Axis:
    parts = text.split(":")
    if len(parts) == 1:
        return Axis(key, tuple(parsed(key, one) for one in text.split(",")), is_log=True)
    scale, count = (parts[2][:3], parts[2][3:]) if len(parts) == 3 else ("", "")
    if scale not in ("log", "lin") or not count.isdecimal():
        raise ValueError(f"write {_FORM}")
    low, high, number = parsed(key, parts[0]), parsed(key, parts[1]), int(count)
    if number < 2 or low == high:
        raise ValueError("no points between the ends: give at least 2, and ends that differ")
    if number > MOST_POINTS:
        raise ValueError(f"{number} points; at most {MOST_POINTS}")
    if scale == "log" and min(low, high) <= 0.0:
        raise ValueError("a logarithmic sweep begins above 0; write lin for this one")
    spaced = np.geomspace(low, high, number) if scale == "log" else np.linspace(low, high, number)
    return Axis(key, (low, *map(_short, spaced[1:-1].tolist()), high), is_log=scale == "log")


def _short(value: float) -> float:
    """The value without what rounding left of it, so that a whole number among others is one."""
    return float(f"{value:.12g}")


def grid(axes: Sequence[Axis]) -> Points:
    """Every combination of the values of all axes, the last axis running fastest.

    Raises WhatIfError where that is too many points, or one key has two axes.
    """
    keys = tuple(one.key for one in axes)
    for key in keys:
        if keys.count(key) > 1:
            raise WhatIfError(f"--sweep {key}: given twice; list all of its values in one")
    total = int(np.prod([float(len(one.values)) for one in axes]))
    if total > MOST_POINTS:
        raise WhatIfError(f"--sweep: {total:,} points in all; at most {MOST_POINTS:,}")
    return Points(keys, np.array(list(product(*(one.values for one in axes))), dtype=np.float64))


def along(key: str, values: Sequence[float] | Vector) -> Points:
    """Points that differ in one number."""
    return Points((key,), np.array(values, dtype=np.float64).reshape(-1, 1))
