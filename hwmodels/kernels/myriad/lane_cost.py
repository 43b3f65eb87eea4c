"""The cost of a tiled convolution on the engine, and of one that no tiling fits, on the vector cores."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, Roof, Work, combine, pad_to, tensors_s

from .lane_engine import LaneEngine
from .tiling import DESCRIPTOR_OUTPUTS, Tiling


class Rates(NamedTuple):
    """How long what a tiling counts takes."""

    efficiency: float
    macs_per_step: float
    reload: float
    kernel_s: float
    tile_s: float
    pad_s: float


def on_engine(work: Work, p: LaneEngine) -> bool:
    """Whether the engine takes the window at all: no dilation, one stride for both axes, a moderate size."""
    plain = work.dilation_h == 1.0 and work.dilation_w == 1.0 and work.stride_h == work.stride_w <= p.stride_max
    return plain and max(work.kernel_h, work.kernel_w) <= p.kernel_max


def tiled_cost(
    work: Work, roof: Roof, rates: Rates, parts: float, found: Tiling, c_out: float, epilogue_s: float
) -> Cost:
    """The cost of a tiling, ``parts`` times over for ``c_out`` outputs each; every part pads unevenly on its own."""
    padded_macs = work.n * parts * found.steps * rates.macs_per_step
    filters = found.inputs * work.kernel_h * work.kernel_w * pad_to(c_out, DESCRIPTOR_OUTPUTS)
    readings = 1.0 + (found.planes - 1.0) * rates.reload
    operations = work.n * parts * found.tiles
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * rates.efficiency),
        weights_s=parts * readings * filters * roof.element_bytes / roof.weight_bytes_per_s,
        epilogue_s=epilogue_s,
        overhead_s=rates.kernel_s + rates.tile_s * (operations - 1.0) + rates.pad_s * parts * work.uneven_padding,
    )


def cores_cost(work: Work, roof: Roof, core_s_per_mac: float, epilogue_s_per_element: float, kernel_s: float) -> Cost:
    """The cost of a convolution that no tiling fits: it runs on the vector cores.

    They read its input from the memory and write its result there as they do for every other operator of theirs.
    """
    return combine(
        roof,
        padded_macs=work.macs,
        compute_s=work.macs * core_s_per_mac,
        memory_s=tensors_s(work, roof),
        weights_s=work.weight_elements * roof.element_bytes / roof.weight_bytes_per_s,
        epilogue_s=epilogue_s_per_element * work.output_elements,
        overhead_s=kernel_s,
    )
