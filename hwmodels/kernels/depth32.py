"""Hexagon NN on tensors in blocks of 4 pixels by 32 channels (Depth32), the vector of 128 bytes that HVX works on.

Source: nnlib, docs/d32.txt and docs/supernode_weights.txt, ops/src/op_supernode_new.c, op_dwise_snode_8bit.c,
op_mul_d32.c, op_mul.c; paper section 4.1.
"""

from __future__ import annotations

from .accelerator_models import Depth32, Depth32Elementwise
from .base import Cost, Roof, Work, combine, pad_to

NARROW_CHANNELS = 4.0
"""An input of at most this many channels is packed by this, in a convolution of its own kind."""


def depth32_conv(work: Work, roof: Roof, p: Depth32) -> Cost:
    """A convolution: two blocks of output channels at a time, so that an odd one costs as much as a pair."""
    pixels = work.n * work.h_out * pad_to(work.w_out, p.tile_w)
    c_in = NARROW_CHANNELS if work.c_in <= NARROW_CHANNELS else pad_to(work.c_in, p.tile_c)
    filters = pad_to(work.c_out, p.tile_n)
    weights = work.kernel_h * work.kernel_w * c_in * filters
    return _cost(work, roof, p, c_in, pixels * filters, pixels * weights, weights)


def depth32_dwconv(work: Work, roof: Roof, p: Depth32) -> Cost:
    """A depthwise convolution: filter rows are padded like the pixels they meet."""
    pixels = work.n * work.h_out * pad_to(work.w_out, p.tile_w)
    channels = pad_to(work.c_out, p.tile_c)
    weights = work.kernel_h * pad_to(work.kernel_w, p.tile_w) * channels
    return _cost(work, roof, p, pad_to(work.c_in, p.tile_c), pixels * channels, pixels * weights, weights)


def _cost(work: Work, roof: Roof, p: Depth32, c_in: float, outputs: float, padded_macs: float, weights: float) -> Cost:
    inputs = work.n * work.h_in * pad_to(work.w_in, p.tile_w) * c_in
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        (inputs + outputs) * roof.element_bytes / roof.bytes_per_s,
        weights * roof.element_bytes / roof.weight_bytes_per_s,
        p.epilogue_s_per_element * outputs,
        p.kernel_s,
    )


def depth32_elementwise(work: Work, roof: Roof, p: Depth32Elementwise) -> Cost:
    """Element-wise work over whole blocks, unless one operand has to be repeated at every pixel.

    That is done on flat tensors by scalar code: blocks to flat, products and their range, requantisation, flat to
    blocks. A single number is no such operand: it scales the range.
    """
    elements = work.n * work.h_out * pad_to(work.w_out, p.tile_w) * pad_to(work.c_out, p.tile_c)
    smaller = work.input_elements - (work.operands - 1.0) * work.output_elements
    flat = work.operands > 1.0 and 1.0 < smaller < work.output_elements
    return combine(
        roof,
        0.0,
        p.flat_s_per_element * work.output_elements if flat else p.op_s * elements * work.operands,
        elements * (work.operands + 1.0) * roof.element_bytes / roof.bytes_per_s,
        0.0,
        0.0,
        p.kernel_s,
    )
