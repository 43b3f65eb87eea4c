"""Depthwise convolutions over texels on Adreno GPUs.

Source: TensorFlow Lite 2.1, delegates/gpu/cl/kernels.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE, Groups, Items, TexelPath, added_texels, product_cost


class TextureDwconv(NamedTuple):
    """A depthwise convolution over an OpenCL grid, slice by slice of four channels (Adreno)."""

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
    block_w: Count = 1.0
    """Output columns of a work item."""
    block_h: Count = 1.0
    """Output rows of a work item."""
    group_z_max: Count = inf
    """Work items of a group along the slices."""


def texture_dwconv(work: Work, roof: Roof, p: TextureDwconv) -> Cost:
    """A depthwise convolution, slice by slice: 3x3 at stride 1 in blocks of pixels, any other pixel by pixel."""
    taps = work.kernel_h * work.kernel_w
    plain = work.kernel_h == 3 and work.kernel_w == 3 and work.stride_h == 1 and work.stride_w == 1
    blocked = plain and work.dilation_h == 1 and work.dilation_w == 1 and work.c_out == work.c_in
    block_w = p.block_w if blocked else 1.0
    block_h = p.block_h if blocked else 1.0
    pixels = block_w * block_h
    added = added_texels(work) * pixels
    items = Items(
        grid_x=ceil(work.n * work.w_out / block_w),
        grid_y=ceil(work.h_out / block_h),
        grid_z=ceil(work.c_out / SLICE),
        filters=taps,
        pixels=(block_w + work.kernel_w - 1.0) * (block_h + work.kernel_h - 1.0) + added,
        new=pixels * min(taps, work.stride_h * work.stride_w) + added,
        stored=pixels,
        chain=1.0 if blocked else taps,
        macs=pixels * taps * SLICE,
    )
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
    return product_cost(items, work, roof, groups, path, p.efficiency, p.kernel_s)


MODEL = KernelModel(TextureDwconv, texture_dwconv)
