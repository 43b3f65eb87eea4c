"""Steps in a sweep: at which widths of one dimension latency jumps, found from the measurements alone.

A kernel that works in tiles of w channels takes one tile more each time the channels pass a multiple of w. So an edge
lies between two neighbouring samples that hold a multiple of w between them, and every multiple that the sweep passes
has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

FEWEST_SAMPLES = 8
FEWEST_EDGES = 2
"""Edges below which no width is told: one jump has no period."""
EXPLAINED, MET = 0.6, 0.8
"""Shares of the edges that lie at multiples of a width, and of the multiples that have an edge, to believe in it: a
staircase that widens has edges below that belong to a narrower one."""
_AROUND = 6
"""Neighbours on each side whose median is the slope that an edge stands out of."""
_NOISES = 6.0
"""An edge rises by this many times what neighbours differ by otherwise."""


class Edge(NamedTuple):
    """A jump between two neighbouring samples of a sweep."""

    before: int
    after: int
    """The swept values that it lies between: up to ``before`` latency is low, from ``after`` on high."""
    rise: float
    """By which share of the lower latency."""


class Steps(NamedTuple):
    """What a sweep shows."""

    edges: tuple[Edge, ...]
    width: int | None
    """The widest period whose multiples are the edges; None where there is none."""
    explained: float
    """Share of the edges that lie at its multiples."""
    met: float
    """Share of its multiples within the sweep that have an edge."""
    others: tuple[Edge, ...]
    """Edges that it does not explain: cliffs, or another regime."""


def find_steps(values: Sequence[int], times_s: Sequence[float]) -> Steps:
    """The steps of a sweep, whose samples may come in any order and at any distance.

    Raises ValueError with fewer than ``FEWEST_SAMPLES`` different values, and for a time that is not positive.
    """
    swept, times = _sorted(values, times_s)
    edges = _edges(swept, times)
    none = Steps(edges, None, 0.0, 0.0, edges)
    if len(edges) < FEWEST_EDGES:
        return none
    tried = (_explained(swept, edges, width) for width in range(2, int(swept[-1]) // FEWEST_EDGES + 1))
    believed = [steps for steps in tried if steps.explained >= EXPLAINED and steps.met >= MET]
    return max(believed, key=_preference, default=none)


def _explained(swept: NDArray[np.int64], edges: tuple[Edge, ...], width: int) -> Steps:
    passed = _passed(swept, width)
    own = {edge for edge in edges if (edge.after - 1) // width > (edge.before - 1) // width}
    at = {(edge.before, edge.after) for edge in own}
    met = sum(gap in at for gap in passed) / len(passed) if len(passed) >= FEWEST_EDGES else 0.0
    return Steps(edges, width, len(own) / len(edges), met, tuple(edge for edge in edges if edge not in own))


def _preference(steps: Steps) -> tuple[float, float, int, int]:
    """What is explained best; of widths that the gaps between samples do not tell apart, the roundest in binary."""
    width = steps.width or 1
    return round(steps.explained, 3), round(steps.met, 3), width & -width, width


def next_value(values: Sequence[int], times_s: Sequence[float]) -> int | None:
    """The value to measure next: the middle of the widest gap that holds an edge; None where all edges are exact."""
    swept, times = _sorted(values, times_s)
    open_edges = [edge for edge in _edges(swept, times) if edge.after - edge.before > 1]
    widest = max(open_edges, key=lambda edge: edge.after - edge.before, default=None)
    return None if widest is None else (widest.before + widest.after) // 2


def lines(found: Steps) -> list[str]:
    """The findings for people: the width with its evidence, then each edge."""
    if not found.edges:
        return ["no steps: latency grows evenly, or less than it is disturbed"]
    shown = ", ".join(f"{edge.before} to {edge.after} (+{edge.rise:.0%})" for edge in found.edges)
    if found.width is None:
        return [f"no single width explains the edges: {shown}"]
    evidence = f"{found.met:.0%} of its multiples have an edge, with {found.explained:.0%} of the edges"
    text = [f"steps of {found.width}: {evidence}", f"edges: {shown}"]
    if found.others:
        others = ", ".join(f"{edge.before} to {edge.after}" for edge in found.others)
        text.append(f"not explained by it: {others}")
    return text


def _sorted(values: Sequence[int], times_s: Sequence[float]) -> tuple[NDArray[np.int64], Vector]:
    """By value, the shortest time of each: what disturbs a measurement makes it longer."""
    shortest: dict[int, float] = {}
    for value, time_s in zip(values, times_s, strict=True):
        if not 0.0 < time_s < float("inf"):
            raise ValueError(f"{time_s} s at {value} is no time")
        shortest[value] = min(time_s, shortest.get(value, float("inf")))
    if len(shortest) < FEWEST_SAMPLES:
        raise ValueError(f"{len(shortest)} values are too few to show steps: sweep {FEWEST_SAMPLES} or more")
    swept = sorted(shortest)
    return np.array(swept, dtype=np.int64), np.array([shortest[value] for value in swept])


def _edges(swept: NDArray[np.int64], times: Vector) -> tuple[Edge, ...]:
    """Rises that stand out of the slope around them by more than slopes usually differ, relative to the lower time."""
    gaps = np.diff(swept)
    slopes = np.diff(times) / gaps
    around = np.lib.stride_tricks.sliding_window_view(np.pad(slopes, _AROUND, mode="reflect"), 2 * _AROUND + 1)
    usual = np.maximum(np.median(around, axis=1), 0.0)
    excess = (slopes - usual) * gaps / times[:-1]
    noise = 1.4826 * float(np.median(np.abs(excess - np.median(excess))))
    found = np.flatnonzero(excess > max(_NOISES * noise, 0.02))
    return tuple(Edge(int(swept[i]), int(swept[i + 1]), float(times[i + 1] / times[i] - 1.0)) for i in found)


def _passed(swept: NDArray[np.int64], width: int) -> list[tuple[int, int]]:
    """Neighbouring samples with a multiple of ``width`` between them: the last of one tile, the first of the next."""
    tiles = (swept - 1) // width
    return [(int(swept[i]), int(swept[i + 1])) for i in np.flatnonzero(np.diff(tiles) > 0)]
