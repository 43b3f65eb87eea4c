"""Work of the Edge TPU that is no product: one channel per lane."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine, pad_to, parameters_s
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .memory_lines import lines_s


class VectorLanes(NamedTuple):
    """Work that mixes no channels, one channel per lane."""

    lanes: Count
    """Channels that are worked on at one time, and that one line of the on-chip memory holds."""
    ops_per_cycle: float
    """Window taps or elements that each lane sustains per cycle."""
    kernel_s: float
    """Dispatch cost of one kernel."""
    epilogue_s_per_element: AtClock
    """Cost per output element of clamp and requantisation."""

    @property
    def line_channels(self) -> float:
        """Channels of a line of memory, which the counts of operands are padded to: see ``mapping.work``."""
        return self.lanes


def vector_lanes(work: Work, roof: Roof, p: VectorLanes) -> Cost:
    """Every window tap of the output, or every element of the input where those are more, ``lanes`` at a time."""
    taps = work.n * work.h_out * work.w_out * pad_to(work.c_out, p.lanes) * work.kernel_h * work.kernel_w
    reads = work.n * work.h_in * work.w_in * pad_to(work.c_in, p.lanes)
    visits = max(taps, reads)
    return combine(
        roof,
        padded_macs=work.macs,
        compute_s=visits / (p.lanes * roof.clock_hz * p.ops_per_cycle),
        memory_s=lines_s(work, roof, p.lanes),
        weights_s=parameters_s(work, roof),
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(VectorLanes, vector_lanes)
