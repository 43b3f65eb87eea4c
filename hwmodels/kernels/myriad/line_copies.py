"""Values repeated along a map on one vector core of a Myriad X, line by line."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine
from stairline.hwmodels.kernels.parameters import AtClock


class LineCopies(NamedTuple):
    """Values repeated along the width of a map, and the lines that this gives along its height."""

    kernel_s: float
    """Dispatch cost of one kernel; the width and the height are one each."""
    epilogue_s_per_element: AtClock
    """Cost of storing one output element."""
    line_s: AtClock
    """Time to copy one line, which is as wide as the map, beside what its bytes take."""


def line_copies(work: Work, roof: Roof, p: LineCopies) -> Cost:
    """Every channel of every row is one copy, read and written, since the channels of the plugin's maps are planes.

    Source: OpenVINO 2019, inference-engine/src/vpu/graph_transformer/src/stages/tile.cpp: a stage repeats its input
    along one axis, keeps the order of its axes, and asks for one vector core (StageSHAVEsRequirements::OnlyOne), where
    element-wise stages take all that there are.
    """
    lines = work.n * work.c_out * work.h_out
    return combine(
        roof,
        compute_s=p.line_s * lines,
        memory_s=2.0 * work.output_elements * roof.element_bytes / roof.bytes_per_s,
        epilogue_s=p.epilogue_s_per_element * work.output_elements,
        overhead_s=2.0 * p.kernel_s,
    )


MODEL = KernelModel(LineCopies, line_copies)
