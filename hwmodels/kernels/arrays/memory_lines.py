"""Tensors in an on-chip memory whose lines hold a fixed number of channels."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Roof, Work, pad_to


def lines_s(work: Work, roof: Roof, lanes: float) -> float:
    """Time to read the operands and write the result with their channels padded to whole lines of ``lanes``."""
    written = work.output_elements / work.c_out * pad_to(work.c_out, lanes)
    return (work.input_line_elements + written) * roof.element_bytes / roof.bytes_per_s
