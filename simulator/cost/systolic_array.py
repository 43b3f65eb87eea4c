"""The Edge TPU's two ways to work: products on the array, and everything else one channel per lane."""

from __future__ import annotations

from hwmodels.accelerator_models import SystolicArray, VectorLanes
from hwmodels.platform import Roof

from .roof import Cost, Work, combine, pad_to, parameters_s


def systolic_array(work: Work, roof: Roof, p: SystolicArray) -> Cost:
    """Filters padded to the columns, one group at a time; tensors move in lines of ``lanes`` channels.

    The padding reproduces the on-chip parameter sizes that the compiler reports and the staircase over filters.
    """
    filters = pad_to(work.c_out / work.groups, p.tile_n)
    reduction = work.kernel_h * work.kernel_w * pad_to(work.c_in / work.groups, p.tile_c)
    padded_macs = work.groups * work.n * work.h_out * work.w_out * filters * reduction
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        _lines_s(work, roof, p.lanes),
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )


def vector_lanes(work: Work, roof: Roof, p: VectorLanes) -> Cost:
    """Every window tap of every element of the larger side, ``lanes`` channels at a time."""
    taps = work.n * work.h_out * work.w_out * pad_to(work.c_out, p.lanes) * work.kernel_h * work.kernel_w
    reads = work.n * work.h_in * work.w_in * pad_to(work.c_in, p.lanes)
    visits = max(taps, reads)
    return combine(
        roof,
        work.macs,
        visits / (p.lanes * roof.clock_hz * p.ops_per_cycle),
        _lines_s(work, roof, p.lanes),
        parameters_s(work, roof),
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )


def _lines_s(work: Work, roof: Roof, lanes: float) -> float:
    """Time to read the operands and write the result with their channels padded to whole lines."""
    read = work.input_elements / work.c_in * pad_to(work.c_in, lanes)
    written = work.output_elements / work.c_out * pad_to(work.c_out, lanes)
    return (read + written) * roof.element_bytes / roof.bytes_per_s
