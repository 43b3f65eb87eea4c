"""What the searches for blocks on both engines share: Vela's order of candidates, and its choice among equal costs.

Source: Vela 5.2 (Arm, Apache-2.0), FindBlockConfig of regor/architecture/ethosu55/ethos_u55.cpp and of its namesake
for the U85. Vela compares costs in single precision, and where two are equal the last bit decides, so costs are single
precision here too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .query import SUBKERNEL, Query, Size, reach, round_up


class Candidates(NamedTuple):
    """Arrays with one element for each block that is tried: its output, and the piece of the input that it reads.

    ``depth``, ``height`` and ``width`` are of the output, ``input_height``, ``input_width`` and ``input_depth`` of the
    input, all in elements.
    """

    depth: Any
    height: Any
    width: Any
    input_height: Any
    input_width: Any
    input_depth: Any

    def where(self, chosen: Any) -> Candidates:
        """The candidates for which the boolean array ``chosen`` is true, in the same order."""
        return Candidates(*(values[chosen] for values in self))

    def output(self, index: int) -> Size:
        """Output size (height, width, channels) of one candidate."""
        return int(self.height[index]), int(self.width[index]), int(self.depth[index])

    def input(self, index: int) -> Size:
        """Input size (height, width, channels) of one candidate."""
        return int(self.input_height[index]), int(self.input_width[index]), int(self.input_depth[index])


def round_up_all(values: Any, granule: Any) -> Any:
    """Each element of an integer array rounded up to a multiple of ``granule``."""
    return -(-values // granule) * granule


def subkernel_taps(query: Query) -> tuple[int, int]:
    """Rows and columns of the input that one piece of the kernel spans."""
    tall, wide = (min(reach(kernel, step), SUBKERNEL) for kernel, step in zip(query.kernel, query.dilation))
    return tall, wide


def subkernels(query: Query) -> int:
    """Number of pieces in which a kernel larger than ``SUBKERNEL`` runs."""
    tall, wide = (-(-reach(kernel, step) // SUBKERNEL) for kernel, step in zip(query.kernel, query.dilation))
    return tall * wide


def depths(channels: int, end: int, granule: int, split: int) -> list[int]:
    """Block depths that Vela tries: multiples of ``granule`` up to ``end``, those below ``channels`` of ``split``."""
    found: list[int] = []
    depth = max(granule, min(end, split))
    while True:
        depth = round_up(depth, split) if depth < channels else depth
        if depth > end:
            return found
        found.append(depth)
        depth += granule


def grid(depths: list[int], heights: Any, widths: Any) -> tuple[Any, Any, Any]:
    """Depth, height and width of every combination, depth by depth and row by row, which is Vela's order."""
    import numpy as np

    found = np.meshgrid(np.array(depths, dtype=np.int64), heights, widths, indexing="ij")
    return found[0].ravel(), found[1].ravel(), found[2].ravel()


def halved_where_the_input_fits(cost: Any, candidates: Candidates, inputs: Size, filled_depth: Any) -> Any:
    """Costs, halved for blocks of which two hold the whole input."""
    import numpy as np

    height, width, channels = inputs
    held = candidates.input_height * candidates.input_width * filled_depth * 2
    return np.where(height * width * channels < held, cost / np.float32(2), cost)


def cheapest(cost: Any, candidates: Candidates, inputs: Size) -> int:
    """Index of the first candidate at the lowest cost, or of a later one of at most 4 x 4 that covers more input."""
    import numpy as np

    equal = np.flatnonzero(cost == cost.min())
    small = [i for i in equal[1:] if candidates.height[i] <= 4 and candidates.width[i] <= 4]
    best, least = int(equal[0]), np.float32("inf")
    for i in small:
        rows, columns = int(candidates.input_height[i]), int(candidates.input_width[i])
        covered = max(min(inputs[0], rows) * min(inputs[1], columns), 1)
        coverage = np.float32(inputs[0] * inputs[1]) / np.float32(covered)
        if coverage <= least:
            best, least = int(i), coverage
    return best
