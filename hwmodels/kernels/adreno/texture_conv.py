"""Convolutions over texels: TensorFlow Lite 2.1 on Adreno GPUs.

Source: TensorFlow Lite 2.1, delegates/gpu/cl/kernels.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .constant_memory import constant_conv, in_constant_memory
from .work_groups import SLICE, Groups, Items, TexelPath, added_texels, product_cost


class TextureConv(NamedTuple):
    """A convolution over an OpenCL grid whose work items compute blocks of outputs (Adreno)."""

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
    constant_bytes: float = 0.0
    """Filters of at most this size lie in constant memory."""
    block_w: Count = 1.0
    """Output columns of a work item."""
    block_h: Count = 1.0
    """Output rows of a work item."""
    block_c: Count = 4.0
    """Output channels of a work item."""
    group_z_max: Count = inf
    """Work items of a group along the slices."""


def texture_conv(work: Work, roof: Roof, p: TextureConv) -> Cost:
    """A convolution: per tap and input slice, a work item reads a block of pixels and of filters, then multiplies.

    Filters small enough for constant memory are not read; a work item then computes all channels of one pixel.
    """
    groups = Groups(p.wave, p.units, p.group_max, p.group_z_max)
    path = TexelPath(p.fetch_bytes_per_s, p.fill_bytes_per_s, p.store_bytes_per_s, p.step_s)
    if in_constant_memory(work, roof, p.constant_bytes):
        return constant_conv(work, roof, groups, path, p.efficiency, p.kernel_s)
    taps = work.kernel_h * work.kernel_w
    slices_in = ceil(work.c_in / SLICE)
    slices_out = ceil(work.c_out / SLICE)
    steps = taps * slices_in
    pixels = p.block_w * p.block_h
    stored = pixels * p.block_c / SLICE
    added = added_texels(work) * stored
    items = Items(
        grid_x=ceil(work.n * work.w_out / p.block_w),
        grid_y=ceil(work.h_out / p.block_h),
        grid_z=ceil(slices_out * SLICE / p.block_c),
        filters=steps * p.block_c,
        pixels=steps * pixels + added,
        new=slices_in * pixels * min(taps, work.stride_h * work.stride_w) + added,
        stored=stored,
        chain=steps,
        macs=steps * pixels * p.block_c * SLICE,
    )
    return product_cost(items, work, roof, groups, path, p.efficiency, p.kernel_s)


MODEL = KernelModel(TextureConv, texture_conv)
