"""Convolutions on the Myriad X neural compute engine: five lane modes, and the tilings that the compiler makes.

The compiler's own cost decides how a convolution is tiled, and the tiling decides how long it takes. Source: OpenVINO
2019, inference-engine/src/vpu/graph_transformer/src/passes: merge_hw_stages.cpp, split_hw_conv_and_pool.cpp,
hw_padding.cpp.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, pad_to
from stairline.hwmodels.kernels.parameters import Amount, AtClock, Count, Ratio

from .lane_cost import Rates, cores_cost, on_engine, tiled_cost
from .tiling import best_tiling

POOLED_TILES = (128.0, 64.0, 32.0)
"""Output channels of the parts into which a convolution is split together with the pooling behind it."""

MERGED_KERNEL = 3.0
"""Kernel of the convolutions that take a 2x2 pooling of stride 2 into the same operation."""


class LaneConv(NamedTuple):
    """A convolution on an array that trades lanes of input against lanes of output channels (Myriad X)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of what the engine does not hide."""
    efficiency: float
    """Sustained share of the array's steps."""
    tile_s: float
    """Dispatch cost of every operation of the engine after the first."""
    sum_s_per_element: float
    """Time to add one partial sum, or to activate one finished sum, on the vector cores."""
    pool_s_per_element: float
    """Time per input element of a pooling that stays an operation of its own."""
    reload: Ratio
    """Time to read coefficients once more, for a further tile of the plane, relative to the first reading."""
    pad_s: float
    """Time of padding an input beforehand, which the engine cannot do unevenly."""
    core_s_per_mac: AtClock
    """Time of a MAC on the vector cores, for a convolution that the engine cannot hold."""
    macs_per_step: Count
    """MACs of one step of the array: input lanes times output lanes in every mode."""
    start_2: Amount
    """Start-up steps per pixel and descriptor with 2 input lanes; with 1 there are none."""
    start_4: Amount
    """Start-up steps per pixel and descriptor with 4 input lanes."""
    start_8: Amount
    """Start-up steps per pixel and descriptor with 8 input lanes."""
    start_16: Amount
    """Start-up steps per pixel and descriptor with 16 input lanes."""
    coefficient_lines: Count
    """Coefficients that one lane holds."""
    line_buffer_bytes: float
    """Input lines that the engine holds, all channels together."""
    tile_bytes: float
    """Largest output of one operation."""
    row_bytes: float
    """Rows of a tensor are padded to a multiple of this."""
    split_width: Count
    """Least input width of a tile, in pixels."""
    channels_max: Count
    """Most input channels of one operation."""
    kernel_max: Count
    """Largest kernel that the engine takes, along either axis."""
    stride_max: Count
    """Largest stride that the engine takes."""
    element_bytes: float
    """Storage of one tensor element in the engine."""


def lane_conv(work: Work, roof: Roof, p: LaneConv) -> Cost:
    """A convolution on the engine; partial sums of sliced channels are added, and activated, element by element.

    A pooling fused behind it is part of the same operation where the engine can, and otherwise decides into which
    parts of the output channels both are split.
    """
    outputs = work.n * work.h_out * work.w_out * work.c_out
    pooled = outputs / work.output_elements
    c_in, c_out = work.c_in / work.groups, work.c_out / work.groups
    epilogue_s = p.epilogue_s_per_element * work.output_elements
    rates = Rates(p.efficiency, p.macs_per_step, p.reload, p.kernel_s, p.tile_s, p.pad_s)
    if pooled > 1.0:
        if work.kernel_h == MERGED_KERNEL and work.kernel_w == MERGED_KERNEL and work.stride_h == 1.0:
            merged = best_tiling(work, c_in, c_out, p, pooled)
            if merged.score < float("inf"):
                return tiled_cost(work, roof, rates, work.groups, merged, c_out, epilogue_s)
        else:
            c_out = pooled_part(work, c_out, p)
    found = best_tiling(work, c_in, c_out, p)
    if found.score == float("inf") or not on_engine(work, p):
        return cores_cost(work, roof, p.core_s_per_mac, p.epilogue_s_per_element, p.kernel_s)
    sums = found.slices - 1.0 + (1.0 if found.slices > 1.0 and work.epilogue_ops > 0.0 else 0.0)
    extra_s = p.sum_s_per_element * sums * outputs + (p.pool_s_per_element * outputs if pooled > 1.0 else 0.0)
    return tiled_cost(work, roof, rates, work.c_out / c_out, found, c_out, extra_s + epilogue_s)


def pooled_part(work: Work, c_out: float, p: LaneConv) -> float:
    """Output channels of one part of a convolution and its pooling: all of them where they fit or no part divides."""
    plane_bytes = pad_to(work.w_out * p.element_bytes, p.row_bytes) * work.h_out
    if plane_bytes * c_out <= p.tile_bytes:
        return c_out
    for part in POOLED_TILES:
        if floor(c_out / part) * part == c_out and plane_bytes * part <= p.tile_bytes:
            return part
    return c_out


MODEL = KernelModel(LaneConv, lane_conv)
