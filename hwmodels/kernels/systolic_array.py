"""The Edge TPU's two ways to work: products on the array, and everything else one channel per lane."""

from __future__ import annotations

from .accelerator_models import SystolicArray, VectorLanes
from .base import Cost, Roof, Work, ceil, combine, pad_to, parameters_s


def systolic_array(work: Work, roof: Roof, p: SystolicArray) -> Cost:
    """Filters padded to the columns, one group at a time; tensors move in lines of ``lanes`` channels.

    The padding reproduces the on-chip parameter sizes that the compiler reports and the staircase over filters.
    """
    filters = pad_to(work.c_out / work.groups, p.tile_n)
    reduction = work.kernel_h * work.kernel_w * pad_to(work.c_in / work.groups, p.tile_c)
    padded_macs = work.groups * work.n * work.h_out * work.w_out * filters * reduction
    again_s = (_tiles(work, roof, p) - 1.0) * work.streamed_elements * roof.element_bytes / roof.stream_bytes_per_s
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        _lines_s(work, roof, p.lanes),
        parameters_s(work, roof) + again_s,
        p.epilogue_s_per_element * work.output_elements,
        p.kernel_s,
    )


def _tiles(work: Work, roof: Roof, p: SystolicArray) -> float:
    """Tiles that the maps of a layer of streamed parameters are cut into, each of which needs all of them again.

    A tile is half a map wide and as many rows high as fit with the rows above and below that its filters reach. The
    law is read off the sweep of convolution stacks, whose streamed layers take 4, 6 and 8 times their parameters.
    """
    room = p.tile_bytes / roof.element_bytes - p.staged * work.streamed_elements
    row_in, row_out = work.w_in * work.c_in, work.w_out * work.c_out
    if work.streamed_elements == 0.0 or work.h_in * row_in + work.h_out * row_out <= room:
        return 1.0
    rows = (2.0 * room - (work.kernel_h - 1.0) * row_in) / (work.stride_h * row_in + row_out)
    return 2.0 * ceil(work.h_out / max(rows, 1.0)) if work.h_out > 1.0 else 1.0


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
