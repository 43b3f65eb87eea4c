"""Steps in a sweep: at which widths of one dimension latency jumps, found from the measurements alone.

A kernel that works in tiles of w channels takes one tile more each time the channels pass a multiple of w. So an edge
lies between two neighbouring samples that hold a multiple of w between them, and every multiple that the sweep passes
has one. Where edges do not stand out, because latency climbs within a step as well, the width is found by a fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stairline.calibration.records.spread import deviation

from .step_fits import Values, Vector, cliffs, fitted_width

FEWEST_SAMPLES = 8
FEWEST_EDGES = 2
"""Edges below which no width is stated: one jump has no period."""
EXPLAINED, MET = 0.6, 0.8
"""Shares of the edges that lie at multiples of a width, and of the multiples that have an edge, to believe in it: a
staircase that widens has edges below that belong to a narrower one."""
_AROUND = 6
"""Neighbours on each side whose median is the slope that an edge stands out of."""
_HIGHER = 3.0
"""A cliff where a step lies as well is this many times as high as steps usually are."""
_NOISES = 6.0
"""An edge rises by this many times what neighbours differ by otherwise."""


class Edge(NamedTuple):
    """A jump between two neighbouring samples of a sweep."""

    before: int
    after: int
    """The swept values that it lies between: up to ``before`` latency is low, from ``after`` on high."""
    rise: float
    """The rise, as a share of the lower latency."""


class Steps(NamedTuple):
    """The steps and cliffs that a sweep shows."""

    edges: tuple[Edge, ...]
    width: int | None = None
    """The widest period whose multiples are the edges, else that of a sawtooth under climbing latency, or None."""
    explained: float = 0.0
    """Share of the edges that lie at its multiples."""
    met: float = 0.0
    """Share of its multiples within the sweep that have an edge."""
    others: tuple[Edge, ...] = ()
    """Edges that it does not explain: cliffs, or another regime."""
    cliffs: tuple[Edge, ...] = ()
    """Rises to another level for good, without the steps of a width that edges show."""
    fitted: float | None = None
    """Share of the squared deviations from smooth curves that a width found by fit explains; None for one by edges."""


def find_steps(values: Sequence[int], times_s: Sequence[float]) -> Steps:
    """Find the steps of a sweep, whose samples may come in any order and at any distance.

    Raises ValueError with fewer than ``FEWEST_SAMPLES`` different values, and for a time that is not positive.
    """
    swept, times = _sorted(values, times_s)
    edges, gaps = _edges(swept, times), cliffs(swept, times)
    fallen = tuple(_edge(swept, times, gap) for gap in gaps)
    by_edges = _width_by_edges(swept, edges)
    if by_edges is not None:
        usual_s = _HIGHER * float(
            np.median([_rise_s(swept, times, edge) for edge in edges if edge not in by_edges.others])
        )
        outstanding = (c for c in fallen if c in by_edges.others or _rise_s(swept, times, c) > usual_s)
        return by_edges._replace(cliffs=tuple(outstanding))
    by_fit = fitted_width(swept, times, gaps)
    if by_fit is None:
        return Steps(edges, others=edges, cliffs=fallen)
    return _explained(swept, edges, by_fit.width)._replace(cliffs=fallen, fitted=by_fit.share)


def _width_by_edges(swept: Values, edges: tuple[Edge, ...]) -> Steps | None:
    if len(edges) < FEWEST_EDGES:
        return None
    tried = (_explained(swept, edges, width) for width in range(2, int(swept[-1]) // FEWEST_EDGES + 1))
    believed = [steps for steps in tried if steps.explained >= EXPLAINED and steps.met >= MET]
    return max(believed, key=_preference, default=None)


def _explained(swept: Values, edges: tuple[Edge, ...], width: int) -> Steps:
    passed = _passed(swept, width)
    own = {edge for edge in edges if (edge.after - 1) // width > (edge.before - 1) // width}
    at = {(edge.before, edge.after) for edge in own}
    met = sum(gap in at for gap in passed) / len(passed) if len(passed) >= FEWEST_EDGES else 0.0
    return Steps(edges, width, len(own) / max(len(edges), 1), met, tuple(edge for edge in edges if edge not in own))


def _preference(steps: Steps) -> tuple[float, float, int, int]:
    """Rank widths by what they explain; of those that gaps between samples leave equal, the roundest in binary."""
    width = steps.width or 1
    return round(steps.explained, 3), round(steps.met, 3), width & -width, width


def next_value(values: Sequence[int], times_s: Sequence[float]) -> int | None:
    """The value to measure next: the middle of the widest gap that holds an edge; None where all edges are exact."""
    swept, times = _sorted(values, times_s)
    open_edges = [edge for edge in _edges(swept, times) if edge.after - edge.before > 1]
    widest = max(open_edges, key=lambda edge: edge.after - edge.before, default=None)
    return None if widest is None else (widest.before + widest.after) // 2


def lines(found: Steps) -> list[str]:
    """The lines that report the steps of a sweep: the width with its evidence, each edge, the cliffs."""
    if not found.edges and found.width is None and not found.cliffs:
        return ["no steps: latency grows evenly, or less than it is disturbed"]
    return [*_width_lines(found), *_cliff_lines(found)]


def _width_lines(found: Steps) -> list[str]:
    shown = ", ".join(f"{edge.before} to {edge.after} (+{edge.rise:.0%})" for edge in found.edges)
    if found.width is None:
        return [f"no single width explains the edges: {shown}"] if shown else ["no steps"]
    if found.fitted is not None:
        evidence = f"by fit: steps explain {found.fitted:.0%} of what a smooth curve leaves"
        return [f"steps of {found.width}, {evidence}"]
    evidence = f"{found.met:.0%} of its multiples have an edge, with {found.explained:.0%} of the edges"
    text = [f"steps of {found.width}: {evidence}", f"edges: {shown}"]
    if found.others:
        others = ", ".join(f"{edge.before} to {edge.after}" for edge in found.others)
        text.append(f"not explained by it: {others}")
    return text


def _cliff_lines(found: Steps) -> list[str]:
    shown = ", ".join(f"{edge.before} and {edge.after} (+{edge.rise:.0%})" for edge in found.cliffs)
    return [f"another level for good, a cliff or another regime, between {shown}"] if shown else []


def _sorted(values: Sequence[int], times_s: Sequence[float]) -> tuple[Values, Vector]:
    """The values in their order, with the shortest time of each: what disturbs a measurement makes it longer."""
    shortest: dict[int, float] = {}
    for value, time_s in zip(values, times_s, strict=True):
        if not 0.0 < time_s < float("inf"):
            raise ValueError(f"{time_s} s at {value} is no time")
        shortest[value] = min(time_s, shortest.get(value, float("inf")))
    if len(shortest) < FEWEST_SAMPLES:
        raise ValueError(f"{len(shortest)} values are too few to show steps: sweep {FEWEST_SAMPLES} or more")
    swept = sorted(shortest)
    return np.array(swept, dtype=np.int64), np.array([shortest[value] for value in swept])


def _edges(swept: Values, times: Vector) -> tuple[Edge, ...]:
    """Rises that stand out of the slope around them by more than slopes usually differ, relative to the lower time."""
    gaps = np.diff(swept)
    slopes = np.diff(times) / gaps
    around = np.lib.stride_tricks.sliding_window_view(np.pad(slopes, _AROUND, mode="reflect"), 2 * _AROUND + 1)
    usual = np.maximum(np.median(around, axis=1), 0.0)
    excess = (slopes - usual) * gaps / times[:-1]
    noise = deviation(excess)
    found = np.flatnonzero(excess > max(_NOISES * noise, 0.02))
    return tuple(_edge(swept, times, int(gap)) for gap in found)


def _rise_s(swept: Values, times: Vector, edge: Edge) -> float:
    before, after = np.searchsorted(swept, edge[:2])
    return float(times[after] - times[before])


def _edge(swept: Values, times: Vector, gap: int) -> Edge:
    return Edge(int(swept[gap]), int(swept[gap + 1]), float(times[gap + 1] / times[gap] - 1.0))


def _passed(swept: Values, width: int) -> list[tuple[int, int]]:
    """Neighbouring samples with a multiple of ``width`` between them: the last of one tile, the first of the next."""
    tiles = (swept - 1) // width
    return [(int(swept[i]), int(swept[i + 1])) for i in np.flatnonzero(np.diff(tiles) > 0)]
