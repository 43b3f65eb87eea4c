"""Softmax on an Ethos-U."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work
from stairline.hwmodels.kernels.parameters import Amount


class EthosUSoftmax(NamedTuple):
    """A softmax, which an Ethos-U runs as some twenty-five element-wise operators on rows of classes."""

    kernel_cycles: Amount
    """Cycles of what does not depend on the number of classes: the reciprocal of a row's sum."""
    element_cycles: Amount
    """Cycles per output element: exponentials, their sum and the product."""
    row_cycles: Amount = 0.0
    """Cycles of every row after the first, besides those of its elements."""


def ethos_u_softmax(work: Work, roof: Roof, p: EthosUSoftmax) -> Cost:
    """Exponentials, their sum and its reciprocal, and a product, as one."""
    rows = work.output_elements / work.c_out
    cycles = p.kernel_cycles + p.row_cycles * (rows - 1.0) + p.element_cycles * work.output_elements
    seconds = cycles / roof.clock_hz
    return Cost(
        padded_macs=0.0,
        compute_s=0.0,
        memory_s=0.0,
        weights_s=0.0,
        epilogue_s=seconds,
        overhead_s=0.0,
        latency_s=seconds,
    )


MODEL = KernelModel(EthosUSoftmax, ethos_u_softmax)
