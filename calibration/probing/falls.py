"""Falls in a sweep: widths at which more channels take less time, the mark of unrolled loops and what they leave over.

A kernel that takes 16 channels at a time, then 4, then 1, is slowest just before a multiple: 47 channels are two
blocks of 16, three of 4 and three single ones, 48 are three blocks. So latency falls to each multiple of 4; and among
the multiples of 4 to each one of 16, if the loop by fours is slow enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from .steps import FEWEST_SAMPLES

_FALL = 0.04
"""Share of the higher latency from which a fall counts: below, it may be noise."""
_FEWEST = 3
"""Falls, and multiples of a width, below which no width is believed in."""
_MET = 0.75
"""Share of the falls that end at a multiple of a width, and of the multiples that end a fall, to believe in it."""


def unrolled_widths(values: Sequence[int], times_s: Sequence[float]) -> tuple[int, ...]:
    """Find the blocks of channels of an unrolled loop, the narrowest first; none where latency does not fall.

    Falls are looked for between neighbouring samples, then again between those at multiples of the width found.
    """
    points = sorted(zip(values, times_s, strict=True))
    found: list[int] = []
    while (width := _width(points)) is not None:
        found.append(width)
        points = [(value, time_s) for value, time_s in points if value % width == 0]
    return tuple(found)


def fall_lines(values: Sequence[int], times_s: Sequence[float]) -> Iterator[str]:
    """The line that reports unrolled blocks; none where latency does not fall."""
    widths = unrolled_widths(values, times_s)
    if widths:
        blocks = ", then ".join(str(width) for width in reversed(widths))
        multiples = " and of ".join(map(str, widths))
        yield f"falls to multiples of {multiples}: unrolled by {blocks}, then the rest one by one"


def _width(points: Sequence[tuple[int, float]]) -> int | None:
    """The widest period of the falls between neighbours, None where there are too few or they have none."""
    if len(points) < FEWEST_SAMPLES:
        return None
    ends = [after for (_, high), (after, low) in pairwise(points) if low < (1.0 - _FALL) * high]
    if len(ends) < _FEWEST:
        return None
    nearest = min(after - before for (before, _), (after, _) in pairwise(points))
    # A multiple counts where its neighbour was sampled: only there a fall could be seen.
    seen = [after for (before, _), (after, _) in pairwise(points) if after - before == nearest]
    for width in range(max(ends) // _FEWEST, nearest, -1):
        multiples = [value for value in seen if value % width == 0]
        met = sum(value in ends for value in multiples)
        if len(multiples) >= _FEWEST and met >= _MET * len(multiples) and met >= _MET * len(ends):
            return width
    return None
