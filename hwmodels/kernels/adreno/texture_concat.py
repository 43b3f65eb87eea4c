"""Concatenations of channels over texels: TensorFlow Lite 2.1 on Adreno GPUs."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE, Groups, Items, TexelPath, copy_cost


class TextureConcat(NamedTuple):
    """A concatenation of channels over an OpenCL grid of one work item per pixel (Adreno)."""

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


def texture_concat(work: Work, roof: Roof, p: TextureConcat) -> Cost:
    """A concatenation of channels: a work item per pixel copies slice after slice, two reads at a time."""
    slices = ceil(work.c_out / SLICE)
    items = Items(
        grid_x=work.w_out,
        grid_y=work.h_out,
        grid_z=work.n,
        filters=0.0,
        pixels=slices,
        new=slices,
        stored=slices,
        chain=ceil(slices / 2.0),
        macs=0.0,
    )
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
    return copy_cost(items, work, roof, groups, path, p.kernel_s)


MODEL = KernelModel(TextureConcat, texture_concat)
