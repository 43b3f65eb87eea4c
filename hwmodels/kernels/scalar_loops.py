"""Portable scalar code on a small core."""

from __future__ import annotations

from .base import Cost, Roof, Work, combine
from .processor_models import ScalarLoops


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
        work.macs,
        loops_s,
        0.0,
        0.0,
        p.convert_s_per_element * (work.input_elements + work.output_elements),
        p.kernel_s,
    )
