"""How the Myriad X compiler tiles a convolution: a lane mode, tiles of the plane, slices of the input channels.

Source: OpenVINO 2019, inference-engine/src/vpu/graph_transformer: hw/tiling.cpp, passes/hw_conv_tiling.
"""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Work, pad_to

from .lane_engine import LaneEngine

DESCRIPTOR_OUTPUTS = 8.0
"""Output channels of a descriptor are padded to a multiple of this."""

SHORT_ROW = 8.0
"""Rows of at most this many pixels need one more line in the buffer."""

ROW_PIXELS = 8.0
"""Tensors are addressed in units of this many FP16 pixels."""

TILES_MAX = 15
"""Tiles that the compiler tries along each axis."""


class AxisTiling(NamedTuple):
    """How the height or the width of a convolution is divided into overlapping tiles: counts, and sizes in pixels."""

    tiles: float
    """0 where the tiling is impossible."""
    inputs: float
    """Input size of the largest tile."""
    outputs: float
    """Output size of the largest tile, discarded border included."""
    outputs_in_all: float
    """Outputs that all tiles compute together, discarded borders included."""
    misaligned_inputs: float
    """Tiles whose inputs do not start on a row unit, and must be copied first."""
    misaligned_outputs: float
    """Tiles whose outputs do not start on a row unit, and must be copied afterwards."""


class Tiling(NamedTuple):
    """A convolution in the operations that the engine runs."""

    score: float
    """The cost that the compiler minimises; infinite where no tiling fits the engine."""
    steps: float
    """Steps of the array, start-up included, over all tiles."""
    tiles: float
    """Operations of the engine: tiles of the plane times slices of the input channels."""
    planes: float
    """Tiles of the plane: how often the coefficients are read."""
    slices: float
    """Slices of the input channels, whose partial sums other cores add up."""
    inputs: float
    """Input channels of all slices, padded to the lanes of the mode."""


def tile_axis(size: float, out: float, kernel: float, stride: float, parts: float) -> AxisTiling:
    """Divide an axis into ``parts`` equal inputs, each padded by the engine like the whole.

    Padding turns the outermost outputs of an inner border into waste, which neighbours compute again.
    """
    pads = max((out - 1.0) * stride + kernel - size, 0.0)
    before, after = floor(pads / 2.0), pads - floor(pads / 2.0)
    part = size if parts == 1.0 else pad_to(ceil(size / parts), stride)
    most = floor((part - kernel + pads) / stride) + 1.0
    if most >= out:
        return AxisTiling(1.0, size, out, out, 0.0, 0.0)
    waste_before, waste_after = ceil(before / stride), floor(after / stride)
    kept_first, kept_last = most - waste_after, most - waste_before
    kept = kept_last - waste_after
    if kept_first < 1.0 or kept < 1.0:
        return AxisTiling(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    count = 2.0 + ceil(max(out - kept_first - kept_last, 0.0) / kept)
    inputs = min((kept - 1.0 + waste_before) * stride - before + kernel, size)
    misaligned_inputs, misaligned_outputs = 0.0, 0.0
    for tile in range(1, TILES_MAX + 1):
        if tile < count:
            start = kept_first + (tile - 1.0) * kept
            misaligned_outputs += 1.0 if _misaligned(start) else 0.0
            misaligned_inputs += 1.0 if _misaligned((start - waste_before) * stride) else 0.0
    computed = out + (count - 1.0) * (waste_before + waste_after)
    return AxisTiling(count, inputs, most, computed, misaligned_inputs, misaligned_outputs)


def _misaligned(pixel: float) -> bool:
    return pixel > floor(pixel / ROW_PIXELS) * ROW_PIXELS


def mode_steps(c_in: float, c_out: float, taps: float, lanes: float, start: float, p: LaneEngine) -> float:
    """Steps per pixel in the mode of ``lanes`` input channels at a time."""
    outputs = min(p.macs_per_step / lanes, pad_to(c_out, DESCRIPTOR_OUTPUTS))
    return ceil(c_out / outputs) * (ceil(c_in / lanes) * taps + start)


def fits(
    w: float, h: float, c_in: float, kernel_h: float, taps: float, stride: float, lanes: float, p: LaneEngine
) -> bool:
    """Whether the coefficients of a lane and the lines that a kernel row needs fit the engine's memories."""
    blocks = ceil(c_in / lanes)
    if blocks * taps > p.coefficient_lines or c_in > p.channels_max:
        return False
    row_bytes = pad_to(w * p.element_bytes, p.row_bytes)
    lines = min(floor(p.line_buffer_bytes / (blocks * lanes * row_bytes)), h)
    return lines >= min(kernel_h + stride + 2.0 + (1.0 if w <= SHORT_ROW else 0.0), h)


def mode_start(mode: int, p: LaneEngine) -> float:
    """Start-up steps of a mode: 0 has one input lane, each next one twice as many."""
    if mode == 0:
        return 0.0
    if mode == 1:
        return p.start_2
    if mode == 2:
        return p.start_4
    return p.start_8 if mode == 3 else p.start_16


class Mode(NamedTuple):
    """A mode of the array: steps per pixel (infinite where none is legal) and lanes of input channels."""

    steps: float
    lanes: float


def best_mode(w: float, h: float, c_in: float, c_out: float, work: Work, p: LaneEngine) -> Mode:
    """The legal mode with the fewest steps for one tile of ``w`` x ``h`` pixels; infinite steps where none is legal."""
    taps = work.kernel_h * work.kernel_w
    best = Mode(float("inf"), 1.0)
    for mode in range(5):
        lanes = 2.0**mode
        if fits(w, h, c_in, work.kernel_h, taps, work.stride_h, lanes, p):
            steps = mode_steps(c_in, c_out, taps, lanes, mode_start(mode, p), p)
            if steps < best.steps:
                best = Mode(steps, lanes)
    return best


NO_TILING = Tiling(float("inf"), 0.0, 0.0, 0.0, 0.0, 0.0)


def tiling_of(
    work: Work, c_in: float, c_out: float, slices: float, across: AxisTiling, down: AxisTiling, p: LaneEngine
) -> Tiling:
    """The tiling of two axes and a number of slices; NO_TILING where no mode is legal."""
    slice_in = ceil(c_in / slices)
    mode = best_mode(across.inputs, down.inputs, slice_in, c_out, work, p)
    if mode.steps == float("inf"):
        return NO_TILING
    planes, pixels = across.tiles * down.tiles, across.outputs_in_all * down.outputs_in_all
    padded_in = pad_to(slice_in, mode.lanes)
    copied = down.outputs * across.outputs * across.misaligned_outputs * c_out
    copied += down.inputs * across.inputs * across.misaligned_inputs * padded_in
    score = mode.steps * slices * planes + (slices - 1.0) * pixels * c_out + down.tiles * copied
    return Tiling(score, pixels * mode.steps * slices, planes * slices, planes, slices, slices * padded_in)


def fewest_rows(
    work: Work, c_in: float, c_out: float, slices: float, across: AxisTiling, pooled: float, p: LaneEngine
) -> Tiling:
    """The tiling with the fewest rows of tiles that fits, for given columns and slices of the input channels."""
    for parts in range(1, TILES_MAX + 1):
        if parts > 1 and pad_to(ceil(work.h_in / parts), work.stride_h) < work.kernel_h:
            return NO_TILING
        down = tile_axis(work.h_in, work.h_out, work.kernel_h, work.stride_h, float(parts))
        tile_bytes = pad_to(across.outputs * p.element_bytes, p.row_bytes) * down.outputs * c_out / pooled
        if down.tiles > 0.0 and tile_bytes <= p.tile_bytes:
            found = tiling_of(work, c_in, c_out, slices, across, down, p)
            if found.score < float("inf"):
                return found
    return NO_TILING


def best_tiling(work: Work, c_in: float, c_out: float, p: LaneEngine, pooled: float = 1.0) -> Tiling:
    """The tiling that the compiler's cost prefers: slices of the channels only where nothing else fits or is as cheap.

    ``pooled`` is by how much a pooling in the same operation shrinks the output; it rules out slices.
    """
    best = NO_TILING if pooled > 1.0 else listed_tiling(work, c_in, c_out, p)
    if best.score < float("inf"):
        return best
    for slices in range(1, TILES_MAX + 1 if pooled == 1.0 else 2):
        if (slices - 1.0) * work.h_out * work.w_out * c_out >= best.score:
            return best
        for parts in range(1, TILES_MAX + 1):
            if parts > 1 and pad_to(ceil(work.w_in / parts), work.stride_w) < p.split_width:
                break
            across = tile_axis(work.w_in, work.w_out, work.kernel_w, work.stride_w, float(parts))
            if across.tiles > 0.0:
                found = fewest_rows(work, c_in, c_out, float(slices), across, pooled, p)
                if found.score < best.score:
                    best = found
    return best


def listed_tiling(work: Work, c_in: float, c_out: float, p: LaneEngine) -> Tiling:
    """The tiling of a VGG layer, which the compiler has in a list; NO_TILING for any other layer."""
    same = c_in == c_out and work.h_in == work.w_in and work.h_in == work.h_out and work.w_in == work.w_out
    if not same or work.kernel_h != 3.0 or work.kernel_w != 3.0:
        return NO_TILING
    columns, rows, slices = 0.0, 0.0, 1.0
    if work.h_in == 224.0 and c_in == 64.0:
        columns, rows = 3.0, 3.0
    elif work.h_in == 112.0 and c_in == 128.0:
        columns, rows, slices = 1.0, 4.0, 4.0
    elif work.h_in == 56.0 and c_in == 256.0:
        columns, rows, slices = 1.0, 2.0, 2.0
    elif work.h_in == 28.0 and c_in == 512.0:
        columns, rows, slices = 1.0, 1.0, 3.0
    if columns == 0.0:
        return NO_TILING
    across = tile_axis(work.w_in, work.w_out, work.kernel_w, work.stride_w, columns)
    down = tile_axis(work.h_in, work.h_out, work.kernel_h, work.stride_h, rows)
    return tiling_of(work, c_in, c_out, slices, across, down, p)
