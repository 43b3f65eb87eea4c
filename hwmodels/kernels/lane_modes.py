"""Convolutions on the Myriad X neural compute engine: five lane modes, and the cuts that the compiler makes.

The compiler's own cost decides how a convolution is cut, and the cut decides how long it takes. Source: OpenVINO 2019,
inference-engine/src/vpu/graph_transformer/src/passes: merge_hw_stages.cpp, split_hw_conv_and_pool.cpp,
split_hw_depth_convolution.cpp, hw_padding.cpp.
"""

from __future__ import annotations

from math import ceil, floor

from .accelerator_models import LaneModes
from .base import Cost, Roof, Work, combine, pad_to
from .lane_cuts import DESCRIPTOR_OUTPUTS, Cut, best_mode, cut

DEPTHWISE_TILES = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0)
"""Channel tiles worth trying: the cost rises at these sizes, and beyond 64 zeros outweigh start-up."""

POOLED_TILES = (128.0, 64.0, 32.0)
"""Output channels of the parts into which a convolution is split together with the pooling behind it."""

MERGED_KERNEL = 3.0
"""Kernel of the convolutions that take a 2x2 pooling of stride 2 into the same operation."""


def lane_conv(work: Work, roof: Roof, p: LaneModes) -> Cost:
    """A convolution on the engine; partial sums of sliced channels are added, and activated, element by element.

    A pooling fused behind it is part of the same operation where the engine can, and otherwise decides into which
    parts of the output channels both are split.
    """
    outputs = work.n * work.h_out * work.w_out * work.c_out
    pooled = outputs / work.output_elements
    c_in, c_out = work.c_in / work.groups, work.c_out / work.groups
    if pooled > 1.0:
        if work.kernel_h == MERGED_KERNEL and work.kernel_w == MERGED_KERNEL and work.stride_h == 1.0:
            merged = cut(work, c_in, c_out, p, pooled)
            if merged.score < float("inf"):
                return _priced(work, roof, p, work.groups, merged, c_out, 0.0)
        else:
            c_out = pooled_part(work, c_out, p)
    found = cut(work, c_in, c_out, p)
    if found.score == float("inf") or not on_engine(work, p):
        return _on_cores(work, roof, p)
    sums = found.slices - 1.0 + (1.0 if found.slices > 1.0 and work.epilogue_ops > 0.0 else 0.0)
    extra_s = p.sum_s_per_element * sums * outputs + (p.pool_s_per_element * outputs if pooled > 1.0 else 0.0)
    return _priced(work, roof, p, work.c_out / c_out, found, c_out, extra_s)


def on_engine(work: Work, p: LaneModes) -> bool:
    """Whether the engine takes the window at all: no dilation, one stride for both axes, a moderate size."""
    plain = work.dilation_h == 1.0 and work.dilation_w == 1.0 and work.stride_h == work.stride_w <= p.stride_max
    return plain and max(work.kernel_h, work.kernel_w) <= p.kernel_max


def pooled_part(work: Work, c_out: float, p: LaneModes) -> float:
    """Output channels of one part of a convolution and its pooling: all of them where they fit or no part divides."""
    plane_bytes = pad_to(work.w_out * p.element_bytes, p.row_bytes) * work.h_out
    if plane_bytes * c_out <= p.tile_bytes:
        return c_out
    for part in POOLED_TILES:
        if floor(c_out / part) * part == c_out and plane_bytes * part <= p.tile_bytes:
            return part
    return c_out


def lane_dwconv(work: Work, roof: Roof, p: LaneModes) -> Cost:
    """A depthwise convolution: dense convolutions on tiles of the channels, whose filters are zero off the diagonal."""
    channels = work.c_out
    tile = depthwise_tile(work, channels, p)
    found = cut(work, tile, tile, p)
    if found.score == float("inf") or not on_engine(work, p):
        return _on_cores(work, roof, p)
    return _priced(work, roof, p, ceil(channels / tile), found, tile, p.split_s_per_element * work.input_elements)


def depthwise_tile(work: Work, channels: float, p: LaneModes) -> float:
    """Channels of a depthwise tile: the fewest steps over all tiles, among tiles smaller than the whole."""
    best, steps = channels, float("inf")
    for candidate in DEPTHWISE_TILES:
        tile = ceil(channels / ceil(channels / min(candidate, max(channels - 1.0, 1.0))))
        mode = best_mode(work.w_in, work.h_in, tile, tile, work, p)
        if mode.steps * ceil(channels / tile) < steps:
            best, steps = tile, mode.steps * ceil(channels / tile)
    return best


def _priced(work: Work, roof: Roof, p: LaneModes, parts: float, found: Cut, c_out: float, extra_s: float) -> Cost:
    """A cut, ``parts`` times over for ``c_out`` outputs each; every part pads unevenly on its own."""
    padded_macs = work.n * parts * found.steps * p.array
    filters = found.inputs * work.kernel_h * work.kernel_w * pad_to(c_out, DESCRIPTOR_OUTPUTS)
    readings = 1.0 + (found.planes - 1.0) * p.reload
    operations = work.n * parts * found.tiles
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        0.0,
        parts * readings * filters * roof.element_bytes / roof.weight_bytes_per_s,
        extra_s + p.epilogue_s_per_element * work.output_elements,
        p.kernel_s + p.tile_s * (operations - 1.0) + p.pad_s * parts * work.uneven_padding,
    )


def _on_cores(work: Work, roof: Roof, p: LaneModes) -> Cost:
    """What no cut fits runs on the vector cores."""
    return combine(
        roof,
        work.macs,
        work.macs * p.core_s_per_mac,
        0.0,
        work.weight_elements * roof.element_bytes / roof.weight_bytes_per_s,
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )
