"""Convolutions whose filters lie in constant memory, where no texel of them is read (Adreno)."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, Roof, Work, ceil

from .work_groups import SLICE, Groups, Items, TexelPath, added_texels, product_cost

CONSTANT_SLICES = 8.0
"""Output slices that the kernel with filters in constant memory keeps in registers, at most."""


def in_constant_memory(work: Work, roof: Roof, constant_bytes: float) -> bool:
    """Whether the filters of a convolution fit in constant memory, and its sums in registers."""
    slices_out = ceil(work.c_out / SLICE)
    filters = work.kernel_h * work.kernel_w * work.c_in * slices_out * SLICE
    return work.groups == 1.0 and filters * roof.element_bytes <= constant_bytes and slices_out <= CONSTANT_SLICES


def constant_conv(work: Work, roof: Roof, groups: Groups, path: TexelPath, efficiency: float, kernel_s: float) -> Cost:
    """A convolution whose filters are not read: a work item computes all channels of one pixel."""
    taps = work.kernel_h * work.kernel_w
    slices_in, slices_out = ceil(work.c_in / SLICE), ceil(work.c_out / SLICE)
    steps = taps * slices_in
    added = added_texels(work) * slices_out
    items = Items(
        grid_x=work.n * work.w_out,
        grid_y=work.h_out,
        grid_z=1.0,
        filters=0.0,
        pixels=steps + added,
        new=slices_in * min(taps, work.stride_h * work.stride_w) + added,
        stored=slices_out,
        chain=steps,
        macs=taps * work.c_in * slices_out * SLICE,
    )
    return product_cost(items, work, roof, groups, path, efficiency, kernel_s)
