"""Kernels that read texels: how an OpenCL grid of work items becomes waves on a GPU's shader units.

A work item computes a small block of outputs, four channels (a slice) to a texel. The runtime tries every work-group
size whose sides divide the grid, so what a shape costs depends on how its sides factor: the paper's "varied step" of
section 4.1 and appendix B.1. Source: TensorFlow Lite 2.1, delegates/gpu/cl/kernels and common/workgroup_selection.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from .base import Cost, Roof, Work, ceil, combine, floor, parameters_s
from .processor_models import WorkGroups

SLICE = 4.0
"""Channels of a texel."""
CONSTANT_SLICES = 8.0
"""Output slices that the kernel with filters in constant memory keeps in registers, at most."""
LEAST_GROUP = 32.0
"""Work items of the smallest work group tried, unless the grid has none that large."""
DENSE_GROUP = 32.0
"""Output slices of a work group of a fully connected layer."""
SPLIT = 4.0
"""Work items that share the sum of an output slice of a fully connected layer."""
LINE_BYTES = 64.0
"""A cache line: what a read brings in when no neighbour uses the rest of it."""


class Items(NamedTuple):
    """The grid of a kernel, and what one work item does, in texels unless said otherwise."""

    grid_x: float
    grid_y: float
    grid_z: float
    filters: float
    """Filter texels read."""
    pixels: float
    """Tensor texels read, each time counted."""
    new: float
    """Tensor texels read for the first time, which come from behind the texture cache."""
    stored: float
    chain: float
    """Reads, or rounds of independent reads, that wait for one another."""
    macs: float


class Launch(NamedTuple):
    """A work-group size, and the waves it makes of a grid."""

    x: float
    y: float
    z: float
    waves: float


def texture_conv(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A convolution: per tap and input slice, a work item reads a block of pixels and of filters, then multiplies.

    Filters small enough for constant memory are not read; a work item then computes all channels of one pixel.
    """
    if in_constant_memory(work, roof, p):
        return constant_conv(work, roof, p)
    taps = work.kernel_h * work.kernel_w
    slices_in = ceil(work.c_in / SLICE)
    slices_out = ceil(work.c_out / SLICE)
    steps = taps * slices_in
    pixels = p.block_w * p.block_h
    stored = pixels * p.block_c / SLICE
    added = added_texels(work) * stored
    items = Items(
        ceil(work.n * work.w_out / p.block_w),
        ceil(work.h_out / p.block_h),
        ceil(slices_out * SLICE / p.block_c),
        steps * p.block_c,
        steps * pixels + added,
        slices_in * pixels * min(taps, work.stride_h * work.stride_w) + added,
        stored,
        steps,
        steps * pixels * p.block_c * SLICE,
    )
    return _searched(items, work, roof, p)


def in_constant_memory(work: Work, roof: Roof, p: WorkGroups) -> bool:
    """Whether the filters of a convolution fit there, and its sums in registers."""
    slices_out = ceil(work.c_out / SLICE)
    filters = work.kernel_h * work.kernel_w * work.c_in * slices_out * SLICE
    return work.groups == 1.0 and filters * roof.element_bytes <= p.constant_bytes and slices_out <= CONSTANT_SLICES


def constant_conv(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A convolution whose filters are not read: a work item computes all channels of one pixel."""
    taps = work.kernel_h * work.kernel_w
    slices_in, slices_out = ceil(work.c_in / SLICE), ceil(work.c_out / SLICE)
    steps, macs = taps * slices_in, taps * work.c_in * slices_out * SLICE
    added = added_texels(work) * slices_out
    new = slices_in * min(taps, work.stride_h * work.stride_w) + added
    items = Items(work.n * work.w_out, work.h_out, 1.0, 0.0, steps + added, new, slices_out, steps, macs)
    return _searched(items, work, roof, p)


def texture_dwconv(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A depthwise convolution, slice by slice: 3x3 at stride 1 in blocks of pixels, any other pixel by pixel."""
    taps = work.kernel_h * work.kernel_w
    plain = work.kernel_h == 3 and work.kernel_w == 3 and work.stride_h == 1 and work.stride_w == 1
    blocked = plain and work.dilation_h == 1 and work.dilation_w == 1 and work.c_out == work.c_in
    block_w = p.block_w if blocked else 1.0
    block_h = p.block_h if blocked else 1.0
    pixels = block_w * block_h
    added = added_texels(work) * pixels
    items = Items(
        ceil(work.n * work.w_out / block_w),
        ceil(work.h_out / block_h),
        ceil(work.c_out / SLICE),
        taps,
        (block_w + work.kernel_w - 1.0) * (block_h + work.kernel_h - 1.0) + added,
        pixels * min(taps, work.stride_h * work.stride_w) + added,
        pixels,
        1.0 if blocked else taps,
        pixels * taps * SLICE,
    )
    return _searched(items, work, roof, p)


def texture_elementwise(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """Element-wise work and copies: a work item per output texel."""
    operands = work.input_elements / work.output_elements
    slices = ceil(work.c_out / SLICE)
    items = Items(work.n * work.w_out, work.h_out, slices, 0.0, operands, operands, 1.0, 1.0, 0.0)
    return _searched(items, work, roof, p)


def texture_pool(work: Work, roof: Roof, p: WorkGroups) -> Cost:
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
    items = Items(work.n * work.w_out, work.h_out, slices, 0.0, window, new, 1.0, rounds * window, 0.0)
    return _searched(items, work, roof, p)


def texture_concat(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A concatenation of channels: a work item per pixel copies slice after slice, two reads at a time."""
    slices = ceil(work.c_out / SLICE)
    items = Items(work.w_out, work.h_out, work.n, 0.0, slices, slices, slices, ceil(slices / 2.0), 0.0)
    return _searched(items, work, roof, p)


def texture_dense(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A fully connected layer: four work items share the sum of an output slice, in work groups of a fixed size."""
    steps = ceil(ceil(work.c_in / SLICE) / SPLIT)
    slices = ceil(work.c_out / SLICE)
    items = Items(slices, SPLIT, work.n, steps * SLICE, steps, 0.0, 1.0, steps, steps * SLICE * SLICE)
    waves = work.n * ceil(slices / DENSE_GROUP) * ceil(DENSE_GROUP * SPLIT / p.wave)
    return _priced(items, Launch(DENSE_GROUP, SPLIT, 1.0, waves), work, roof, p)


def search(items: Items, p: WorkGroups) -> Launch:
    """The work group with the fewest waves among those whose sides divide the grid: what exhaustive tuning finds."""
    best = _search_from(items, p, LEAST_GROUP)
    return best if best.waves > 0.0 else _search_from(items, p, 1.0)


def _search_from(items: Items, p: WorkGroups, least: float) -> Launch:
    """The best of the groups of at least ``least`` work items; no waves where the grid has no such group."""
    best = Launch(0.0, 0.0, 0.0, 0.0)
    fewest = ceil(items.grid_x * items.grid_y * items.grid_z / p.wave)
    for x in range(1, int(min(items.grid_x, p.group_max)) + 1):
        if not _divides(x, items.grid_x):
            continue
        for y in range(1, int(min(items.grid_y, p.group_max / x)) + 1):
            if not _divides(y, items.grid_y):
                continue
            deepest = int(min(items.grid_z, p.group_z_max, p.group_max / (x * y)))
            for z in range(max(1, int(ceil(least / (x * y)))), deepest + 1):
                if _divides(z, items.grid_z):
                    best = _fewer(best, _launch(items, p, x, y, z))
                    if best.waves <= fewest:
                        return best
    return best


def _fewer(a: Launch, b: Launch) -> Launch:
    return a if 0.0 < a.waves <= b.waves else b


def _launch(items: Items, p: WorkGroups, x: float, y: float, z: float) -> Launch:
    groups = items.grid_x / x * (items.grid_y / y) * (items.grid_z / z)
    return Launch(float(x), float(y), float(z), groups * ceil(x * y * z / p.wave))


def _divides(part: float, whole: float) -> bool:
    return whole - floor(whole / part) * part == 0.0


def added_texels(work: Work) -> float:
    """Texels of fused operands per texel written."""
    return (work.input_elements - work.n * work.h_in * work.w_in * work.c_in) / work.output_elements


def _searched(items: Items, work: Work, roof: Roof, p: WorkGroups) -> Cost:
    return _priced(items, search(items, p), work, roof, p)


def _priced(items: Items, launch: Launch, work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """Rounds of one wave on every unit; reads, fills and stores follow one another, multiplications run beside them."""
    texel_bytes = SLICE * roof.element_bytes
    size = launch.x * launch.y * launch.z
    lanes = ceil(launch.waves / p.units) * p.units * p.wave
    busy_lanes = lanes * size / (ceil(size / p.wave) * p.wave)
    padded_macs = lanes * items.macs
    tensors_s = texel_bytes * (
        lanes * items.pixels / p.fetch_bytes_per_s
        + busy_lanes * items.new / p.fill_bytes_per_s
        + busy_lanes * items.stored / p.store_bytes_per_s
    )
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        tensors_s + items.chain * p.step_s,
        parameters_s(work, roof) + texel_bytes * lanes * items.filters / p.fetch_bytes_per_s,
        0.0,
        p.kernel_s,
    )
