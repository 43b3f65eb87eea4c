"""Pooling over texels on Adreno GPUs."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE, Groups, Items, TexelPath, copy_cost

LINE_BYTES = 64.0
"""A cache line: what a read brings in when no neighbour uses the rest of it."""


class TexturePool(NamedTuple):
    """A pooling over an OpenCL grid of one work item per output texel, which reads its window serially (Adreno)."""

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


def texture_pool(work: Work, roof: Roof, p: TexturePool) -> Cost:
    """Pooling: a work item per output texel waits for each read of its window before the next, wave after wave.

    A global pooling has as many work items as slices, each reading a whole map, every read from another cache line.
    """
    slices = ceil(work.c_out / SLICE)
    window = work.kernel_h * work.kernel_w
    new = min(window, work.stride_h * work.stride_w)
    if work.h_out * work.w_out == 1:
        window = max(window, work.h_in * work.w_in)
        new = window * LINE_BYTES / (SLICE * roof.element_bytes)
    rounds = ceil(work.n * work.w_out * work.h_out * slices / (p.wave * p.units))
    items = Items(
        grid_x=work.n * work.w_out,
        grid_y=work.h_out,
        grid_z=slices,
        filters=0.0,
        pixels=window,
        new=new,
        stored=1.0,
        chain=rounds * window,
        macs=0.0,
    )
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
    return copy_cost(items, work, roof, groups, path, p.kernel_s)


MODEL = KernelModel(TexturePool, texture_pool)
