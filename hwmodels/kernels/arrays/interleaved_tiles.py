"""Convolutions on cores that hold one filter each and work on a row of output pixels together (VeriSilicon VIP)."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import (
    Cost,
    KernelModel,
    Roof,
    Work,
    ceil,
    combine,
    floor,
    parameters_s,
    tensors_s,
)
from stairline.hwmodels.kernels.parameters import Count

from .row_interleaving import interleave, tile_cycles


class InterleavedTiles(NamedTuple):
    """A convolution engine of cores that each hold one filter against a row of pixel lanes (VeriSilicon VIP)."""

    efficiency: float
    """Sustained share of the compute roof on full tiles."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    cores: Count
    """Filters worked on at one time."""
    lanes: Count
    """Output pixels that one core works on at one time: the widest tile."""
    taps: Count
    """Filter taps along the width that one lane multiplies per cycle."""
    interleave_max: Count
    """Most rows of a narrow tile that share the lanes, as a power of two."""
    input_depth: Count
    """Rows of an input tile that the input buffer holds, per interleaved row."""
    accumulator_depth: Count
    """Rows of partial sums that a core holds, per interleaved row, over all its filters."""
    cache_bytes: float
    """On-chip memory; an input that does not fit is read again for every block of filters."""


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
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=tensors_s(work, roof) + again_s,
        weights_s=parameters_s(work, roof),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(InterleavedTiles, interleaved_tiles, array=("cores", "lanes", "taps"))
