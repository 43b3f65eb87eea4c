"""Convolutions in rounds of resident waves: TensorFlow Lite 2.10 on Adreno GPUs.

The runtime shrinks the block of a work item where a layer has few outputs, so that more waves share them. Registers
then decide how many waves run at one time; a layer of more waves takes several rounds of them, in each of which every
step waits for its texels. Source: TensorFlow 2.10, lite/delegates/gpu/common/tasks/conv_generic.cc, GuessBestParams.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine, parameters_s
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .constant_memory import constant_conv, in_constant_memory
from .work_groups import SLICE, Groups, TexelPath, added_texels, search

WHOLE_WAVES = 2.0 * 128.0
"""Work items of one wave on each of the compute units that the runtime counts: two of 128 on this family."""


class TextureConvOccupancy(NamedTuple):
    """A convolution whose waves run in rounds of as many as registers hold (Adreno)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    efficiency: float
    """Sustained share of the compute roof where reads do not limit."""
    wave: Count
    """Work items that run in lockstep."""
    units: Count
    """Shader units, each running one wave at a time past its texture pipe."""
    group_max: Count
    """Work items of the largest work group."""
    fetch_bytes_per_s: AtClock
    """Rate at which all texture pipes together deliver texels to the work items."""
    fill_bytes_per_s: AtClock
    """Rate at which texels read for the first time come from behind the texture caches."""
    store_bytes_per_s: AtClock
    """Rate at which work items write texels."""
    step_s: AtClock
    """Time that a chain of dependent reads waits at each of its steps."""
    resident: Count
    """Waves that registers hold at one time, on all units together."""
    resident_plain: Count
    """Waves that registers hold of a convolution of single pixels at stride 1, which computes fewer addresses."""
    pixel_s: AtClock = 0.0
    """Time by which a step waits longer for each texel of a tensor: neighbours' reads lie in many lines."""
    filter_s: AtClock = 0.0
    """Time by which a step waits longer for each texel of filters, most of which a whole wave shares."""
    constant_bytes: float = 0.0
    """Filters of at most this size lie in constant memory."""
    group_z_max: Count = inf
    """Work items of a group along the slices."""


def texture_conv_occupancy(work: Work, roof: Roof, p: TextureConvOccupancy) -> Cost:
    """A convolution, grouped or not: per tap and input slice, a work item reads a block of pixels and of filters."""
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    if in_constant_memory(work, roof, p.constant_bytes):
        path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
        return constant_conv(work, roof, groups, path, p.efficiency, p.kernel_s)
    slices_out = ceil(work.c_out / SLICE)
    width, height, deep = _block(work.n * work.w_out * work.h_out * slices_out / WHOLE_WAVES)
    steps = work.kernel_h * work.kernel_w * ceil(work.c_in / work.groups / SLICE)
    pixels, filters = width * height, SLICE * deep
    macs = steps * width * height * deep * SLICE * SLICE
    grid = ceil(work.n * work.w_out / width), ceil(work.h_out / height), ceil(slices_out / deep)
    waves = search(grid[0], grid[1], grid[2], groups).waves
    padded_macs = waves * p.wave * macs
    stored = work.output_elements / work.c_out * slices_out * SLICE * (1.0 + added_texels(work))
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=steps * _step_s(waves, pixels, filters, _resident(work, p), roof, p)
        + stored * roof.element_bytes / p.store_bytes_per_s,
        weights_s=parameters_s(work, roof),
        overhead_s=p.kernel_s,
    )


def _block(waves: float) -> tuple[float, float, float]:
    """Columns, rows and slices of a work item's block.

    They follow from the waves that a compute unit would get if each work item computed a single output.
    """
    if waves <= 6.0:
        return 1.0, 1.0, 1.0
    if waves <= 12.0:
        return 2.0, 1.0, 1.0
    return 2.0, 1.0 if waves <= 24.0 else 2.0, 2.0


def _resident(work: Work, p: TextureConvOccupancy) -> float:
    """Waves that registers hold at one time."""
    plain = work.kernel_h * work.kernel_w * work.stride_h * work.stride_w == 1.0
    return p.resident_plain if plain else p.resident


def _step_s(waves: float, pixels: float, filters: float, resident: float, roof: Roof, p: TextureConvOccupancy) -> float:
    """Time of one step of all waves: the first round waits for its reads, the others for the texture pipes."""
    round_s = resident * p.wave * (pixels + filters) * SLICE * roof.element_bytes / p.fetch_bytes_per_s
    return p.step_s + p.pixel_s * pixels + p.filter_s * filters + (ceil(waves / resident) - 1.0) * round_s


MODEL = KernelModel(TextureConvOccupancy, texture_conv_occupancy)
