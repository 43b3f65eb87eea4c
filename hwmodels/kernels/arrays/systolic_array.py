"""Products on the Edge TPU's array of multipliers."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine, pad_to, parameters_s
from stairline.hwmodels.kernels.parameters import AtClock, Count, Share

from .memory_lines import lines_s


class SystolicArray(NamedTuple):
    """A convolution or matrix product on an array of multipliers, one filter per column (Edge TPU)."""

    efficiency: float
    """Sustained share of the compute roof."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of bias, clamp and requantisation."""
    tile_n: Count
    """Columns of the array: output channels (of a group) are padded to a multiple of this."""
    tile_c: Count
    """Input channels (of a group) are padded to a multiple of this."""
    lanes: Count
    """Channels of one line of the on-chip memory: tensors are read and written in whole lines."""
    tile_bytes: float = inf
    """Room for the maps of one tile and for what is staged of its filters; larger maps are cut into tiles."""
    staged: Share = 0.0
    """Share of a layer's filters that is staged in the room for a tile."""

    @property
    def line_channels(self) -> float:
        """Channels of a line of memory, which the counts of operands are padded to: see ``mapping.work``."""
        return self.lanes


def systolic_array(work: Work, roof: Roof, p: SystolicArray) -> Cost:
    """Filters padded to the columns, one group at a time; tensors move in lines of ``lanes`` channels.

    The padding reproduces the on-chip parameter sizes that the compiler reports and the staircase over filters.
    """
    filters = pad_to(work.c_out / work.groups, p.tile_n)
    reduction = work.kernel_h * work.kernel_w * pad_to(work.c_in / work.groups, p.tile_c)
    padded_macs = work.groups * work.n * work.h_out * work.w_out * filters * reduction
    again_s = (_tiles(work, roof, p) - 1.0) * work.streamed_elements * roof.element_bytes / roof.stream_bytes_per_s
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=lines_s(work, roof, p.lanes),
        weights_s=parameters_s(work, roof) + again_s,
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


def _tiles(work: Work, roof: Roof, p: SystolicArray) -> float:
    """Tiles that the maps of a layer of streamed parameters are cut into, each of which needs all of them again.

    A tile is half a map wide and as many rows high as fit with the rows above and below that its filters reach. The
    law is read off the sweep of convolution stacks, whose streamed layers take 4, 6 and 8 times their parameters.
    """
    room = p.tile_bytes / roof.element_bytes - p.staged * work.streamed_elements
    row_in, row_out = work.w_in * work.c_in, work.w_out * work.c_out
    if work.streamed_elements == 0.0 or work.h_in * row_in + work.h_out * row_out <= room:
        return 1.0
    rows = (2.0 * room - (work.kernel_h - 1.0) * row_in) / (work.stride_h * row_in + row_out)
    return 2.0 * ceil(work.h_out / max(rows, 1.0)) if work.h_out > 1.0 else 1.0


MODEL = KernelModel(SystolicArray, systolic_array)
