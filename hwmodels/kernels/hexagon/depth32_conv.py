"""Convolutions of Hexagon NN on blocks of pixels by channels, the vector of 128 bytes that HVX works on.

Source: nnlib, docs/d32.txt and docs/supernode_weights.txt, ops/src/op_supernode_new.c; paper section 4.1.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, pad_to
from stairline.hwmodels.kernels.parameters import AtClock, Count

NARROW_CHANNELS = 4.0
"""An input of at most this many channels is packed by this, in a convolution of its own kind."""


class Depth32Conv(NamedTuple):
    """A convolution on blocks of pixels by channels (Hexagon NN)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Per padded output element: bias, range and requantisation."""
    efficiency: float
    """Sustained share of the compute roof on whole blocks."""
    tile_w: Count
    """Pixels of a block: output rows are padded to a multiple of this."""
    tile_c: Count
    """Channels of a block."""
    tile_n: Count
    """Output channels are padded to a multiple of this."""


def depth32_conv(work: Work, roof: Roof, p: Depth32Conv) -> Cost:
    """A convolution: two blocks of output channels at a time, so that an odd one costs as much as a pair."""
    pixels = work.n * work.h_out * pad_to(work.w_out, p.tile_w)
    c_in = NARROW_CHANNELS if work.c_in <= NARROW_CHANNELS else pad_to(work.c_in, p.tile_c)
    filters = pad_to(work.c_out, p.tile_n)
    weights = work.kernel_h * work.kernel_w * c_in * filters
    inputs, outputs = work.n * work.h_in * pad_to(work.w_in, p.tile_w) * c_in, pixels * filters
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


MODEL = KernelModel(Depth32Conv, depth32_conv)
