"""Element-wise operators of Hexagon NN on blocks of pixels by channels.

Source: nnlib, docs/d32.txt, ops/src/op_mul_d32.c and op_mul.c.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, pad_to
from stairline.hwmodels.kernels.parameters import AtClock, Count


class Depth32Elementwise(NamedTuple):
    """Element-wise operators on blocks of pixels by channels, with a scalar fallback for broadcasting (Hexagon NN)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    op_s: AtClock
    """Time per padded element and operand on the vector units."""
    flat_s_per_element: AtClock
    """Time per element where an operand is repeated at every pixel: layout changes and scalar loops."""
    tile_w: Count
    """Pixels of a block: output rows are padded to a multiple of this."""
    tile_c: Count
    """Channels of a block."""


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
        compute_s=p.flat_s_per_element * work.output_elements if flat else p.op_s * elements * work.operands,
        memory_s=elements * (work.operands + 1.0) * roof.element_bytes / roof.bytes_per_s,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(Depth32Elementwise, depth32_elementwise)
