"""Convolutions in rounds of resident waves: TensorFlow Lite 2.10 on Adreno GPUs.

The runtime shrinks the block of a work item where a layer has few outputs, so that more waves share them. Registers
then decide how many waves run at one time; a layer of more waves takes several rounds of them, in each of which every
step waits for its texels. Source: TensorFlow 2.10, lite/delegates/gpu/common/tasks/conv_generic.cc, GuessBestParams.
"""

from __future__ import annotations

from .base import Cost, Roof, Work, ceil, combine, parameters_s
from .processor_models import WorkGroups
from .work_groups import SLICE, Items, added_texels, constant_conv, in_constant_memory, search

WHOLE_WAVES = 2.0 * 128.0
"""Work items of one wave on each of the compute units that the runtime counts: two of 128 on this family."""


def texture_conv_rounds(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A convolution, grouped or not: per tap and input slice, a work item reads a block of pixels and of filters."""
    if in_constant_memory(work, roof, p):
        return constant_conv(work, roof, p)
    slices_out = ceil(work.c_out / SLICE)
    width, height, deep = _block(work.n * work.w_out * work.h_out * slices_out / WHOLE_WAVES)
    grid = ceil(work.n * work.w_out / width), ceil(work.h_out / height), ceil(slices_out / deep)
    steps = work.kernel_h * work.kernel_w * ceil(work.c_in / work.groups / SLICE)
    pixels, filters = width * height, SLICE * deep
    macs = steps * width * height * deep * SLICE * SLICE
    items = Items(grid[0], grid[1], grid[2], 0.0, 0.0, 0.0, 0.0, 0.0, macs)
    waves = search(items, p).waves
    padded_macs = waves * p.wave * macs
    stored = work.output_elements / work.c_out * slices_out * SLICE * (1.0 + added_texels(work))
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        steps * _step_s(waves, pixels, filters, _resident(work, p), roof, p)
        + stored * roof.element_bytes / p.store_bytes_per_s,
        parameters_s(work, roof),
        0.0,
        p.kernel_s,
    )


def _block(waves: float) -> tuple[float, float, float]:
    """Columns, rows and slices of a work item's block, by how many waves a compute unit would get of single outputs."""
    if waves <= 6.0:
        return 1.0, 1.0, 1.0
    if waves <= 12.0:
        return 2.0, 1.0, 1.0
    return 2.0, 1.0 if waves <= 24.0 else 2.0, 2.0


def _resident(work: Work, p: WorkGroups) -> float:
    plain = work.kernel_h * work.kernel_w * work.stride_h * work.stride_w == 1.0
    return p.resident_plain if plain else p.resident


def _step_s(waves: float, pixels: float, filters: float, resident: float, roof: Roof, p: WorkGroups) -> float:
    """Time of one step of all waves: the first round waits for its reads, the others for the texture pipes."""
    round_s = resident * p.wave * (pixels + filters) * SLICE * roof.element_bytes / p.fetch_bytes_per_s
    return p.step_s + p.pixel_s * pixels + p.filter_s * filters + (ceil(waves / resident) - 1.0) * round_s
