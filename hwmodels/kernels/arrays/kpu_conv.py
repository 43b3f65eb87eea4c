"""Convolutions on the K210's KPU: one pair of channels after the other, 64 bytes of a feature map per cycle."""

from __future__ import annotations

from math import ceil, sqrt
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work
from stairline.hwmodels.kernels.parameters import Amount

LINE_BYTES = 64.0
"""Bytes of a feature map that one line holds."""
MIN_SIDE = 4.0
"""Smallest map, in pixels a side; a matrix product runs as a 1x1 convolution on a map of this size."""


class KpuConv(NamedTuple):
    """A convolution on the K210's KPU: channel by channel, in lines of 64 bytes of a feature map."""

    efficiency: float
    """Sustained share of one line per cycle."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    filter_cycles: Amount
    """Cycles between the filters of two channel pairs."""
    weight_bytes: float
    """Bytes of one stored weight."""
    weight_bytes_per_cycle: float
    """Rate at which a filter is read."""
    write_bytes_per_cycle: float
    """Rate at which finished lines are written back."""


def kpu_lines(h: float, w: float, c: float) -> float:
    """64-byte lines of an 8-bit feature map: four channels share one up to 16 pixels of width, two up to 32.

    Source: nncase 0.2, runtime/k210/k210_runtime_op_utility.h.
    """
    if w <= 16.0:
        return h * ceil(c / 4.0)
    if w <= 32.0:
        return h * ceil(c / 2.0)
    return h * c * ceil(w / LINE_BYTES)


def kpu_conv(work: Work, roof: Roof, p: KpuConv) -> Cost:
    """Every output channel reads all lines of its inputs at one line per cycle, whatever the stride.

    A line and nine taps are the 576 multipliers, so that a 1x1 filter leaves eight of nine idle. The lines that are
    left after stride and pooling are written back meanwhile; reading filters holds the array up. Depthwise goes channel
    by channel, unpacked. The images of a batch are operations of their own, each of which reads the filters again: the
    KPU has no batch (kendryte-standalone-sdk, kpu.h, kpu_layer_argument_t).
    """
    h_in, w_in = max(work.h_in, MIN_SIDE), max(work.w_in, MIN_SIDE)
    depthwise = work.macs < work.n * work.h_out * work.w_out * work.kernel_h * work.kernel_w * work.c_in * work.c_out
    filters = work.c_out if depthwise else work.c_in * work.c_out
    if depthwise:
        lines = work.n * h_in * work.c_out * ceil(w_in / LINE_BYTES)
    else:
        lines = work.n * work.c_out * kpu_lines(h_in, w_in, work.c_in)
    pooled = sqrt(work.output_elements / (work.n * work.h_out * work.w_out * work.c_out))
    h_out, w_out = max(work.h_out * pooled, MIN_SIDE), max(work.w_out * pooled, MIN_SIDE)
    written_bytes = work.n * kpu_lines(h_out, w_out, work.c_out) * LINE_BYTES
    filter_bytes = work.kernel_h * work.kernel_w * p.weight_bytes
    padded_macs = lines * LINE_BYTES * 9.0
    compute_s = padded_macs / (roof.macs_per_s * p.efficiency)
    memory_s = written_bytes / (p.write_bytes_per_cycle * roof.clock_hz)
    weights_s = work.n * filters * (p.filter_cycles + filter_bytes / p.weight_bytes_per_cycle) / roof.clock_hz
    return Cost(
        padded_macs=padded_macs,
        compute_s=compute_s,
        memory_s=memory_s,
        weights_s=weights_s,
        epilogue_s=0.0,
        overhead_s=work.n * p.kernel_s,
        latency_s=max(compute_s, memory_s) + weights_s + work.n * p.kernel_s,
    )


MODEL = KernelModel(KpuConv, kpu_conv)
