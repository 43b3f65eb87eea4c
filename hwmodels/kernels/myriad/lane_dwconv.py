"""Depthwise convolutions on the Myriad X neural compute engine, which has dense ones only.

Source: OpenVINO 2019, inference-engine/src/vpu/graph_transformer/src/passes: split_hw_depth_convolution.cpp.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work
from stairline.hwmodels.kernels.parameters import Amount, AtClock, Count, Ratio

from .lane_cost import Rates, cores_cost, on_engine, tiled_cost
from .tiling import best_mode, best_tiling

DEPTHWISE_TILES = (1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0)
"""Channel tiles worth trying: the cost rises at these sizes, and beyond 64 zeros outweigh start-up."""


class LaneDwconv(NamedTuple):
    """A depthwise convolution as dense ones on tiles of its channels, on an array of lanes (Myriad X)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of what the engine does not hide."""
    efficiency: float
    """Sustained share of the array's steps."""
    tile_s: float
    """Dispatch cost of every operation of the engine after the first."""
    split_s_per_element: float
    """Time to bring an input element into its tile of channels."""
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


def lane_dwconv(work: Work, roof: Roof, p: LaneDwconv) -> Cost:
    """A depthwise convolution: dense convolutions on tiles of the channels, whose filters are zero off the diagonal."""
    channels = work.c_out
    tile = depthwise_tile(work, channels, p)
    found = best_tiling(work, tile, tile, p)
    if found.score == float("inf") or not on_engine(work, p):
        return cores_cost(work, roof, p.core_s_per_mac, p.epilogue_s_per_element, p.kernel_s)
    epilogue_s = p.split_s_per_element * work.input_elements + p.epilogue_s_per_element * work.output_elements
    rates = Rates(p.efficiency, p.macs_per_step, p.reload, p.kernel_s, p.tile_s, p.pad_s)
    return tiled_cost(work, roof, rates, ceil(channels / tile), found, tile, epilogue_s)


def depthwise_tile(work: Work, channels: float, p: LaneDwconv) -> float:
    """Channels of a depthwise tile: the fewest steps over all tiles, among tiles smaller than the whole."""
    best, steps = channels, float("inf")
    for candidate in DEPTHWISE_TILES:
        tile = ceil(channels / ceil(channels / min(candidate, max(channels - 1.0, 1.0))))
        mode = best_mode(work.w_in, work.h_in, tile, tile, work, p)
        if mode.steps * ceil(channels / tile) < steps:
            best, steps = tile, mode.steps * ceil(channels / tile)
    return best


MODEL = KernelModel(LaneDwconv, lane_dwconv)
