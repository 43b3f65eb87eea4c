"""Work whose every operand is touched a few times: element-wise operators, pooling and copies."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, parameters_s, tensors_s
from stairline.hwmodels.kernels.parameters import AtClock, Ratio


class Streaming(NamedTuple):
    """Element-wise work, pooling and copies: limited by bytes moved or by operations per second."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost of storing one output element."""
    op_s: AtClock = 0.0
    """Time per element operation."""
    traffic: Ratio = 1.0
    """Share of the operand bytes that reach the memory roof (less than 1 where caches hold them)."""
    copy_setup_s: AtClock = 0.0
    """Time to start one contiguous copy (concat, split, slice, pad)."""


def streaming(work: Work, roof: Roof, p: Streaming) -> Cost:
    """Operations at their own rate against operand bytes at the memory roof."""
    window = work.kernel_h * work.kernel_w
    ops = work.element_ops * window + work.epilogue_ops
    return combine(
        roof,
        compute_s=p.op_s * ops + p.copy_setup_s * work.runs,
        memory_s=p.traffic * tensors_s(work, roof),
        weights_s=parameters_s(work, roof),
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(Streaming, streaming)
