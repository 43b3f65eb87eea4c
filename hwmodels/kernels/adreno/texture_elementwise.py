"""Element-wise operators and copies over texels on Adreno GPUs."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE, Groups, Items, TexelPath, copy_cost


class TextureElementwise(NamedTuple):
    """Element-wise work and copies over an OpenCL grid of one work item per output texel (Adreno)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
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
    group_z_max: Count = inf
    """Work items of a group along the slices."""


def texture_elementwise(work: Work, roof: Roof, p: TextureElementwise) -> Cost:
    """Element-wise work and copies: a work item per output texel."""
    operands = work.input_elements / work.output_elements
    items = Items(
        grid_x=work.n * work.w_out,
        grid_y=work.h_out,
        grid_z=ceil(work.c_out / SLICE),
        filters=0.0,
        pixels=operands,
        new=operands,
        stored=1.0,
        chain=1.0,
        macs=0.0,
    )
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
    return copy_cost(items, work, roof, groups, path, p.kernel_s)


MODEL = KernelModel(TextureElementwise, texture_elementwise)
