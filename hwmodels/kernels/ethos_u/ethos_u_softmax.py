"""Softmax on an Ethos-U."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work
from stairline.hwmodels.kernels.parameters import Amount


class EthosUSoftmax(NamedTuple):
    """A softmax, which an Ethos-U runs as some twenty-five element-wise operators on rows of classes."""

    kernel_cycles: Amount
    """Cycles of what runs once for each row: the reciprocal of its sum."""
    element_cycles: Amount
    """Cycles per output element: exponentials, their sum and the product."""


def ethos_u_softmax(work: Work, roof: Roof, p: EthosUSoftmax) -> Cost:
    """Exponentials, their sum and its reciprocal, and a product, as one."""
    seconds = (p.kernel_cycles + p.element_cycles * work.output_elements) / roof.clock_hz
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
