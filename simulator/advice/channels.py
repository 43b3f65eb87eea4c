"""Widths that are free up to the next step of the staircase, and widths that lie just past an edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stairline.hwmodels.spelling import first
from stairline.simulator.graph.changes import part
from stairline.simulator.graph.graph import GraphError, digest
from stairline.simulator.graph.widths import Width, widths, with_channels

from .case import Candidate, Case
from .findings import STEPS

_TILES = (4, 8, 16, 32, 64, 128, 256)
"""Channels of the steps that are looked for: edges lie at multiples of a tile, and tiles are powers of two."""
_FARTHEST_UP, _LARGEST_DROP = 64, 4
"""Channels above the own width that are looked at, at least; and the part of the width that a drop may be, 1 in 4."""
_STEEP = 1.5
"""A width lies past an edge where dropping channels saves more than so many times their share of the time."""
_NOTHING = 0.001
"""Share of the time of the layers around a width that counts as nothing."""


def channel_changes(case: Case) -> Iterator[list[Candidate]]:
    """For all widths alike: channels to drop to reach the step below, and channels that are free."""
    for alike in _alike(case):
        yield from _changes(case, alike)


def _alike(case: Case) -> list[list[Width]]:
    """The widths of the network; those whose layers have the same shapes and attributes stand together."""
    groups: dict[tuple[str, int], list[Width]] = {}
    for width in widths(case.graph):
        own = part(case.graph, width.layers)
        groups.setdefault((digest(own), width.channels), []).append(width)
    return list(groups.values())


def _changes(case: Case, alike: Sequence[Width]) -> Iterator[list[Candidate]]:
    width = alike[0]
    own_s = _alone_s(case, width, width.channels)
    if own_s is None or not case.matters(own_s * len(alike)):
        return
    below = _step_below(case, width, own_s)
    if below is not None:
        share = 1.0 - below / width.channels
        what = f"Drop {width.channels - below} of {width.channels} output channels ({share:.1%})"
        yield from _candidate(case, alike, below, "step below", what)
    free = _free_up_to(case, width, own_s)
    if free is not None:
        what = f"Widen from {width.channels} to {free} output channels"
        yield from _candidate(case, alike, free, "free channels", what, adds=True)


def _candidate(
    case: Case, alike: Sequence[Width], channels: int, kind: str, what: str, *, adds: bool = False
) -> Iterator[list[Candidate]]:
    producers = [index for width in alike for index in width.producers]
    try:
        graph = with_channels(case.graph, dict.fromkeys(producers, channels))
    except GraphError:  # Another part of the network does not follow.
        return
    names = tuple(case.graph.layers[index].name for index in producers)
    said, caution = f"{what} of {first(names, 'layers')}", "" if adds else "prune and train it again"
    yield [Candidate(kind, said, STEPS, graph, case.dtype, names, adds=adds, caution=caution)]


def _alone_s(case: Case, width: Width, channels: int) -> float | None:
    """The time of the layers around a width, with another number of channels; None where they do not accept it."""
    own = part(case.graph, width.layers)
    places = {index: place for place, index in enumerate(sorted(width.layers))}
    try:
        return case.alone_s(with_channels(own, {places[index]: channels for index in width.producers}))
    except GraphError:
        return None


def _step_below(case: Case, width: Width, own_s: float) -> int | None:
    """The width that saves the most time for its channels, where that is out of proportion to them."""
    steepest, found = _STEEP, None
    lowest = width.channels - width.channels // _LARGEST_DROP
    for channels in sorted({(width.channels - 1) // tile * tile for tile in _TILES}, reverse=True):
        if channels < lowest:
            break
        time_s = _alone_s(case, width, channels)
        if time_s is not None:
            steepness = (1.0 - time_s / own_s) / (1.0 - channels / width.channels)
            if steepness > steepest:
                steepest, found = steepness, channels
    return found


def _free_up_to(case: Case, width: Width, own_s: float) -> int | None:
    """The largest width near the own one that takes no longer."""
    farthest = width.channels + max(_FARTHEST_UP, width.channels // _LARGEST_DROP)
    tried = {(width.channels // tile + 1) * tile for tile in _TILES}
    for channels in sorted((c for c in tried if c <= farthest), reverse=True):
        time_s = _alone_s(case, width, channels)
        if time_s is not None and time_s <= own_s * (1.0 + _NOTHING):
            return channels
    return None
