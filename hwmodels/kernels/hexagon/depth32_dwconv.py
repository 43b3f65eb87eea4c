"""Depthwise convolutions of Hexagon NN on blocks of pixels by channels.

Source: nnlib, docs/d32.txt and ops/src/op_dwise_snode_8bit.c.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, pad_to
from stairline.hwmodels.kernels.parameters import AtClock, Count


class Depth32Dwconv(NamedTuple):
    """A depthwise convolution on blocks of pixels by channels (Hexagon NN)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Per padded output element: bias, range and requantisation."""
    efficiency: float
    """Sustained share of the compute roof on whole blocks."""
    tile_w: Count
    """Pixels of a block: output rows and filter rows are padded to a multiple of this."""
    tile_c: Count
    """Channels of a block."""


def depth32_dwconv(work: Work, roof: Roof, p: Depth32Dwconv) -> Cost:
    """A depthwise convolution: filter rows are padded like the pixels they meet."""
    pixels = work.n * work.h_out * pad_to(work.w_out, p.tile_w)
    channels = pad_to(work.c_out, p.tile_c)
    weights = work.kernel_h * pad_to(work.kernel_w, p.tile_w) * channels
    inputs = work.n * work.h_in * pad_to(work.w_in, p.tile_w) * pad_to(work.c_in, p.tile_c)
    outputs = pixels * channels
    padded_macs = pixels * weights
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=(inputs + outputs) * roof.element_bytes / roof.bytes_per_s,
        weights_s=weights * roof.element_bytes / roof.weight_bytes_per_s,
        epilogue_s=p.epilogue_s_per_element * outputs,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(Depth32Dwconv, depth32_dwconv)
