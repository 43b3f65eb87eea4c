"""An engine whose cores hold one filter each and work on a row of output pixels together (VeriSilicon VIP)."""

from __future__ import annotations

from .accelerator_models import InterleavedTiles, ZeroSkipping
from .base import Cost, Roof, Work, ceil, combine, floor, parameters_s, tensors_s


def interleaved_tiles(work: Work, roof: Roof, p: InterleavedTiles) -> Cost:
    """A convolution: each core multiplies one filter's taps with a tile of pixels, input channel by input channel.

    The engine has no strides: a strided convolution runs over more channels with a smaller kernel (space to depth), a
    strided 1x1 runs at stride 1 and keeps one pixel of each square. An input that does not fit on chip is read once
    for every block of filters whose partial sums the cores can hold. Source: Mesa's etnaviv_ml_nn.c and
    etnaviv_ml_nn_v7.c (strides, tile size, superblocks) for the same family of engines.
    """
    h, w, c_in = work.h_in, work.w_in, work.c_in / work.groups
    kernel_h, kernel_w = work.kernel_h, work.kernel_w
    if kernel_h > 1.0 or kernel_w > 1.0:
        h, w, c_in = work.h_out, work.w_out, c_in * work.stride_h * work.stride_w
        kernel_h, kernel_w = ceil(kernel_h / work.stride_h), ceil(kernel_w / work.stride_w)
    filters = ceil(work.c_out / p.cores)
    taps = c_in * kernel_h * ceil(kernel_w / p.taps)
    cycles = work.n * filters * taps * tile_cycles(h, w, p.lanes, p.interleave_max)
    padded_macs = cycles * p.cores * p.lanes * p.taps
    reads = 1.0
    if work.input_elements * roof.element_bytes > p.cache_bytes:
        rows = interleave(w, p.lanes, p.interleave_max)
        height = max(1.0, min(h, p.accumulator_depth * rows, p.input_depth * rows - kernel_h + 1.0))
        reads = ceil(filters / max(1.0, floor(p.accumulator_depth * rows / height)))
    again_s = (reads - 1.0) * work.input_elements * roof.element_bytes / roof.bytes_per_s
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        tensors_s(work, roof) + again_s,
        parameters_s(work, roof),
        0.0,
        p.kernel_s,
    )


def zero_skipping(work: Work, roof: Roof, p: ZeroSkipping) -> Cost:
    """A depthwise convolution as a dense one whose foreign channels are zero: quadratic in channels.

    Each filter works on its own channel and passes over the zero kernel rows of all the others. A strided one runs at
    stride 1. Source: paper appendix B.2; expand_depthwise in Mesa's etnaviv_ml_nn.c.
    """
    filters = ceil(work.c_out / p.cores)
    h, w = work.h_out * work.stride_h, work.w_out * work.stride_w
    taps = work.kernel_h * ceil(work.kernel_w / p.taps)
    cycles = work.n * filters * taps * tile_cycles(h, w, p.lanes, p.interleave_max)
    skipped_cycles = filters * work.c_in * work.kernel_h * p.skip_cycles
    padded_macs = cycles * p.cores * p.lanes * p.taps
    compute_s = (cycles + skipped_cycles) / roof.clock_hz
    return combine(roof, padded_macs, compute_s, tensors_s(work, roof), parameters_s(work, roof), 0.0, p.kernel_s)


def tile_cycles(h: float, w: float, lanes: float, interleave_max: float) -> float:
    """Cycles in which one core applies one group of taps to a whole map of ``h`` x ``w`` output pixels."""
    return ceil(w / lanes) * ceil(h / interleave(w, lanes, interleave_max))


def interleave(w: float, lanes: float, interleave_max: float) -> float:
    """Rows of a narrow tile that share the lanes: 1, 2, 4 ... as long as they fit side by side."""
    rows = 1.0
    while rows * 2.0 <= interleave_max and rows * 2.0 * w <= lanes:
        rows *= 2.0
    return rows
