"""Depthwise convolutions on an engine that has dense ones only (VeriSilicon VIP)."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import Amount, Count

from .row_interleaving import tile_cycles


class ZeroSkipping(NamedTuple):
    """A depthwise convolution run as a dense one, on cores that pass over foreign channels' zeros (VeriSilicon VIP)."""

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
    skip_cycles: Amount
    """Cycles in which a core passes over one kernel row of a channel that is all zero."""


def zero_skipping(work: Work, roof: Roof, p: ZeroSkipping) -> Cost:
    """A depthwise convolution as a dense one whose foreign channels are zero: quadratic in channels.

    Each filter works on its own channel and passes over the zero kernel rows of all the others. A strided one runs at
    stride 1. Source: paper appendix B.2; expand_depthwise in Mesa's etnaviv_ml_nn.c.
    """
    filters = ceil(work.c_out / p.cores)
    h, w = work.h_out * work.stride_h, work.w_out * work.stride_w
    taps = work.kernel_h * ceil(work.kernel_w / p.taps)
    cycles = work.n * filters * taps * tile_cycles(h, w, p.lanes, p.interleave_max)
    skipped_cycles = work.n * filters * work.c_in * work.kernel_h * p.skip_cycles
    return combine(
        roof,
        padded_macs=cycles * p.cores * p.lanes * p.taps,
        compute_s=(cycles + skipped_cycles) / roof.clock_hz,
        memory_s=tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(ZeroSkipping, zero_skipping)
