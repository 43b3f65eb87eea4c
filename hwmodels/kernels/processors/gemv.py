"""A matrix times one vector."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock


class Gemv(NamedTuple):
    """A matrix times one vector: every weight is read once and used once."""

    efficiency: float
    """Sustained share of the compute roof."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of bias, clamp and requantisation."""


def gemv(work: Work, roof: Roof, p: Gemv) -> Cost:
    """A fully connected layer: the weights pass the memory roof once per inference."""
    return combine(
        roof,
        padded_macs=work.macs,
        compute_s=work.macs / (roof.macs_per_s * p.efficiency),
        memory_s=tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(Gemv, gemv)
