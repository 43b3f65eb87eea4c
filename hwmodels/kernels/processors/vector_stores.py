"""What kernels of vector code have in common: storing the result, and parameters that are met for the first time."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, Roof, Work, combine


def stores_s(work: Work, epilogue_s_per_element: float, op_s: float, hidden_ops: float) -> float:
    """Time to compute what is fused behind the kernel, and to store the result.

    Of the fused element operations, ``hidden_ops`` per output element take no time; each of the others takes ``op_s``.
    """
    ops = max(work.epilogue_ops - hidden_ops * work.output_elements, 0.0)
    return epilogue_s_per_element * work.output_elements + op_s * ops


def with_parameters(
    roof: Roof,
    padded_macs: float,
    compute_s: float,
    memory_s: float,
    weights_s: float,
    epilogue_s: float,
    overhead_s: float,
) -> Cost:
    """The cost of a kernel whose parameters are read before the rest: nothing hides that reading."""
    others = combine(
        roof,
        padded_macs=padded_macs,
        compute_s=compute_s,
        memory_s=memory_s,
        epilogue_s=epilogue_s,
        overhead_s=overhead_s,
    )
    latency_s = others.latency_s + weights_s
    return Cost(padded_macs, compute_s, memory_s, weights_s, epilogue_s, overhead_s, latency_s)
