"""Work whose every operand is touched a few times: element-wise, pooling, copies, matrix times vector, views."""

from __future__ import annotations

from .base import Cost, Roof, Work, combine, parameters_s, tensors_s
from .processor_models import Free, Gemv, Streaming


def streaming(work: Work, roof: Roof, p: Streaming) -> Cost:
    """Operations at their own rate against operand bytes at the memory roof."""
    window = work.kernel_h * work.kernel_w
    ops = work.element_ops * window + work.epilogue_ops
    runs = max(work.input_elements / work.c_in, work.output_elements / work.c_out)
    return combine(
        roof,
        0.0,
        p.op_s * ops + p.run_s * runs,
        p.traffic * tensors_s(work, roof),
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )


def gemv(work: Work, roof: Roof, p: Gemv) -> Cost:
    """A fully connected layer: the weights pass the memory roof once per inference."""
    return combine(
        roof,
        work.macs,
        work.macs / (roof.macs_per_s * p.efficiency),
        tensors_s(work, roof),
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )


def free(_work: Work, roof: Roof, _p: Free) -> Cost:
    """Nothing runs."""
    return combine(roof, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
