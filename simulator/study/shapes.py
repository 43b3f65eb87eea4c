"""What shape a curve has: the words in which the paper describes latency against a dimension, made exact.

All functions take sample positions ``xs``, evenly spaced and increasing, and values ``ys``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Curve = Sequence[float]

EDGE = 3.0
"""An edge rises at least this many times what a straight line through the curve rises in one sample."""

CARRIED = 0.8
"""A staircase makes at least this share of its climb at its edges."""


def edges(xs: Curve, ys: Curve) -> list[float]:
    """The last position of each step: after it the value rises by more than EDGE times the trend.

    A straight line has none, so steps narrower than about EDGE samples cannot be seen.
    """
    rises = np.diff(ys)
    return [float(x) for x, rise in zip(xs, rises) if rise > EDGE * _trend_rise(xs, ys)]


def step_widths(xs: Curve, ys: Curve) -> list[float]:
    """Distances between consecutive edges: the widths of all whole steps."""
    return [float(width) for width in np.diff(edges(xs, ys))]


def is_staircase(xs: Curve, ys: Curve, width: float | None = None, *, carried: float = CARRIED) -> bool:
    """Whether the curve climbs in steps: two edges or more that carry most of the climb.

    With ``width``, every step must also end at a multiple of it and none may be missing.
    """
    ends = set(edges(xs, ys))
    rises = np.diff(ys)
    climb = rises[rises > 0].sum()
    at_edges = sum(rise for x, rise in zip(xs, rises) if x in ends)
    if len(ends) < 2 or at_edges < carried * climb:
        return False
    return width is None or ends == {x for x in xs[:-1] if x % width == 0}


def has_varying_steps(xs: Curve, ys: Curve) -> bool:
    """Whether the curve climbs in steps that differ in width; it may also fall, so edges need not carry all of it."""
    return len(set(step_widths(xs, ys))) > 1


def is_linear(xs: Curve, ys: Curve, deviation: float = 0.05) -> bool:
    """Whether the curve rises and stays within ``deviation`` of its range from its least-squares line."""
    line = np.polynomial.Polynomial.fit(xs, ys, 1)
    span = max(ys) - min(ys)
    return ys[-1] > ys[0] and float(np.abs(line(np.asarray(xs)) - ys).max()) <= deviation * span


def is_quadratic(xs: Curve, ys: Curve, r_squared: float = 0.99) -> bool:
    """Whether a parabola explains the curve and its second-order term makes most of the climb."""
    places, values = np.asarray(xs, float), np.asarray(ys, float)
    parabola = np.polynomial.Polynomial.fit(places, values, 2).convert()
    explained = 1 - ((parabola(places) - values) ** 2).sum() / ((values - values.mean()) ** 2).sum()
    second_order = parabola.coef[2] * (xs[-1] ** 2 - xs[0] ** 2)
    return bool(explained >= r_squared and second_order > 0.5 * (ys[-1] - ys[0]) > 0)


def local_minima(xs: Curve, ys: Curve) -> list[float]:
    """Positions lower than both neighbours; the ends do not count."""
    return [float(x) for before, x, at, after in zip(ys, xs[1:], ys[1:], ys[2:]) if before > at < after]


def zigzag_width(xs: Curve, ys: Curve) -> float | None:
    """The distance at which a curve falls that rises on the whole, as unrolled loops make it; None where it varies."""
    distances = set(np.diff(local_minima(xs, ys)).tolist())
    return float(distances.pop()) if len(distances) == 1 and ys[-1] > ys[0] else None


def is_falling(ys: Curve) -> bool:
    """Whether every value is below the one before."""
    return all(later < earlier for earlier, later in pairwise(ys))


def same_order(first: Curve, second: Curve) -> bool:
    """Whether two lists of values rank their places alike."""
    return list(np.argsort(first, kind="stable")) == list(np.argsort(second, kind="stable"))


def growth_exponent(xs: Curve, ys: Curve) -> float:
    """p of y ~ x^p, by least squares in logarithms: 1 for a proportional curve, 0 for a flat one."""
    return float(np.polyfit(np.log(xs), np.log(ys), 1)[0])


def _trend_rise(xs: Curve, ys: Curve) -> float:
    slope = np.polyfit(xs, ys, 1)[0]
    return abs(float(slope)) * (xs[1] - xs[0])
