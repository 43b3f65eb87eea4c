"""Portable scalar code on a small core."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine
from stairline.hwmodels.kernels.parameters import AtClock


class ScalarLoops(NamedTuple):
    """Portable scalar code that visits its elements one by one (nncase's neutral kernels)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    mac_s: AtClock
    """Time of one multiply-accumulate of a convolution or matrix product."""
    element_s: AtClock
    """Time of one element in a flat loop, or of one tap of a window."""
    index_s: AtClock
    """Added time per element where it is addressed by four indices: reductions, and operands that are broadcast."""
    convert_s_per_element: AtClock
    """Conversion of one operand element to float, or of one result element back; 0 for code that works on integers."""


def scalar_loops(work: Work, roof: Roof, p: ScalarLoops) -> Cost:
    """Elements one by one: by four indices in reductions, in windows and where an operand is broadcast, else flat.

    Source: nncase 0.2, kernels/neutral/neutral_kernels.h: ``binary``, ``reduce`` and ``reduce_window2d``.
    """
    window = work.kernel_h * work.kernel_w
    if work.macs > 0.0:
        loops_s = p.mac_s * work.macs
    elif (
        work.operands == 1.0 and window == 1.0 and work.element_ops > 0.0 and work.input_elements > work.output_elements
    ):
        loops_s = (p.element_s + p.index_s) * work.input_elements
    elif window > 1.0 or work.output_elements < work.input_elements < work.operands * work.output_elements:
        loops_s = (p.element_s + p.index_s) * work.output_elements * window
    else:
        loops_s = p.element_s * work.output_elements
    return combine(
        roof,
        padded_macs=work.macs,
        compute_s=loops_s,
        epilogue_s=p.convert_s_per_element * (work.input_elements + work.output_elements),
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(ScalarLoops, scalar_loops)
