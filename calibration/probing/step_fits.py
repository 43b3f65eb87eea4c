"""What a sweep shows where latency climbs within a step as well: cliffs, and a tile width by fit in place of edges.

A kernel over tiles of w channels does work by whole tiles, beside work by channels. So within a segment, which no
cliff cuts, latency is a smooth curve and a sawtooth that starts anew behind each multiple of w, its teeth as high as
before or growing with the channels (where a layer reads as many as it writes). The width is the sawtooth that explains
best what smooth curves leave, if chance alone would hardly ever do as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Values = NDArray[np.int64]

CLIFF = 0.15
"""A cliff rises by more than this share, also of what the samples before it lead to expect, and so do those behind."""
SHARE, CHANCE = 0.5, 1e-6
"""Share of what smooth curves leave that a sawtooth has to explain, and how probable it may be that any of the widths
tried does as well by chance."""
FEWEST_PERIODS = 6
"""Multiples of a width below which smooth curves imitate its sawtooth."""
_BEFORE = _BEHIND = 4
"""Samples on either side that a cliff is judged by."""
_SCATTERS = 6.0
"""A cliff is also higher than this many times what the samples before it scatter."""
_DEGREE = 4
"""Degree of the polynomial that all segments share: a roof that gives way to another bends more than a parabola."""
_INDISTINCT = 1e-3
"""Widths of which chance ranks one before the other at least as often as this count as equally good."""


class SawTooth(NamedTuple):
    """A width found by fit."""

    width: int
    share: float
    """Share of the squared deviations from smooth curves that it explains."""


def cliffs(swept: Values, times: Vector) -> tuple[int, ...]:
    """Find the gaps behind which latency is on another level for good. Gap i lies between the samples i and i + 1."""
    highest, lowest = np.maximum.accumulate(times), np.minimum.accumulate(times[::-1])[::-1]
    rises = (times[1:] > (1.0 + CLIFF) * times[:-1]) & (lowest[1:] > highest[:-1])
    found: list[int] = []
    for gap in np.flatnonzero(rises).tolist():
        start = max(found[-1] + 1 if found else 0, gap + 1 - _BEFORE)
        if gap > start and _on_another_level(swept[start:], times[start:], gap + 1 - start):
            found.append(gap)
    return tuple(found)


def _on_another_level(swept: Values, times: Vector, count: int) -> bool:
    """Whether the samples behind the first ``count`` ones lie above the line through those, the next one and most."""
    line = _line(swept[:count], times[:count])
    above = (times - line(swept))[: count + _BEHIND]
    scatter = float(np.median(np.abs(above[:count])))
    enough = np.maximum(CLIFF * line(swept)[: count + _BEHIND], _SCATTERS * scatter)[count:]
    excess = above[count:] - enough
    return bool(excess[0] > 0.0 and np.median(excess) > 0.0)


def _line(swept: Values, times: Vector) -> Callable[[Values], Vector]:
    """The line through two or more samples: the medians of slopes and of levels, and never a descent."""
    first, second = np.triu_indices(len(swept), 1)
    slope = max(float(np.median((times[second] - times[first]) / (swept[second] - swept[first]))), 0.0)
    level = float(np.median(times - slope * swept))
    return lambda further: np.asarray(level + slope * further)


def fitted_width(swept: Values, times: Vector, cuts: Sequence[int]) -> SawTooth | None:
    """The width whose sawtooth explains best what smooth curves leave between the cuts; None where none does."""
    smooth = _smooth(swept, cuts)
    left, free = _left(smooth, times)
    spare = len(times) - free - 2
    widest = int(swept[-1] - swept[0]) // FEWEST_PERIODS
    if spare < free or widest < 2 or left == 0.0:
        return None
    teeth = {width: _left(np.column_stack([smooth, *_teeth(swept, width)]), times)[0] for width in range(2, widest + 1)}
    best = max(min(teeth.values()), 1e-12 * left)
    # Of equally good widths the roundest in binary is named.
    alike = [width for width, rest in teeth.items() if rest <= best * _INDISTINCT ** (-2 / spare)]
    width = max(alike, key=lambda width: (width & -width, width))
    share = 1.0 - teeth[width] / left
    # Two terms more of normal errors: the F distribution's tail in closed form, for every width tried.
    chance = len(teeth) * (best / left) ** (spare / 2)
    return SawTooth(width, share) if share >= SHARE and chance <= CHANCE else None


def _smooth(swept: Values, cuts: Sequence[int]) -> Vector:
    """Columns of a polynomial, and of a level and a slope for each segment beside it."""
    x = (swept - swept[0]) / (swept[-1] - swept[0])
    segment = np.searchsorted(np.asarray(cuts, dtype=np.int64), np.arange(len(swept)))
    own = [(segment == s) * power for s in np.unique(segment) for power in (np.ones_like(x), x)]
    return np.column_stack([*own, *(x**degree for degree in range(2, _DEGREE + 1))])


def _teeth(swept: Values, width: int) -> tuple[Vector, Vector]:
    unused = -swept % width
    return unused.astype(np.float64), (unused * swept).astype(np.float64)


def _left(columns: Vector, times: Vector) -> tuple[float, int]:
    """Sum of squares that least squares leave, and how many of the columns are independent."""
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), 1e-300)
    solution, _, rank, _ = np.linalg.lstsq(scaled, times, rcond=None)
    return float(np.sum((times - scaled @ solution) ** 2)), int(rank)
