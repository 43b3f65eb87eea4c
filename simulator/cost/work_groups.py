"""Kernels that read texels: how an OpenCL grid of work items becomes waves on a GPU's shader units.

A work item computes a small block of outputs, four channels (a slice) to a texel. The runtime tries every work-group
size whose sides divide the grid, so what a shape costs depends on how its sides factor: the paper's "varied step" of
section 4.1 and appendix B.1. Source: TensorFlow Lite 2.1, delegates/gpu/cl/kernels and common/workgroup_selection.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from hwmodels.kernel_models import WorkGroups
from hwmodels.platform import Roof

from .roof import Cost, Work, ceil, combine, floor, parameters_s

SLICE = 4.0
"""Channels of a texel."""
CONSTANT_SLICES = 8.0
"""Output slices that the kernel with weights in constant memory keeps in registers, at most."""
LEAST_GROUP = 32.0
"""Work items of the smallest work group tried, unless the grid has none that large."""
DENSE_GROUP = 32.0
"""Output slices of a work group of a fully connected layer."""
SPLIT = 4.0
"""Work items that share the sum of an output slice of a fully connected layer."""


class Items(NamedTuple):
    """The grid of a kernel, and what one work item does. Counts of texels unless said otherwise."""

    grid_x: float
    grid_y: float
    grid_z: float
    shared_z: float
    """Read by all work items of the same z: filters."""
    shared_xy: float
    """Read by all work items of the same x and y: the pixels of a convolution."""
    own: float
    """Read for this work item, those that its neighbours read too counted each time."""
    new: float
    """Its part of the distinct texels among those."""
    stored: float
    steps: float
    """Rounds of reads that wait for one another."""
    macs: float


class Launch(NamedTuple):
    """A work-group size, and what it makes of a grid."""

    x: float
    y: float
    z: float
    waves: float
    filled: float
    """Texels that the waves bring in from the second-level cache."""


def texture_conv(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A convolution: per tap and input slice, a work item reads a block of pixels and of filters, then multiplies.

    Filters small enough for constant memory are not read; a work item then computes all channels of one pixel.
    """
    taps = work.kernel_h * work.kernel_w
    slices_out = ceil(work.c_out / SLICE)
    steps = taps * ceil(work.c_in / SLICE)
    added = _added_texels(work)
    macs = taps * work.c_in * slices_out * SLICE
    if macs * roof.element_bytes <= p.constant_bytes and slices_out <= CONSTANT_SLICES:
        own = steps + added * slices_out
        items = Items(work.n * work.w_out, work.h_out, 1.0, 0.0, 0.0, own, own, slices_out, steps, macs)
        return _cost(items, work, roof, p)
    pixels = p.block_w * p.block_h
    stored = pixels * p.block_c / SLICE
    items = Items(
        ceil(work.n * work.w_out / p.block_w),
        ceil(work.h_out / p.block_h),
        ceil(slices_out * SLICE / p.block_c),
        steps * p.block_c,
        steps * pixels,
        added * stored,
        added * stored,
        stored,
        steps,
        steps * pixels * p.block_c * SLICE,
    )
    return _cost(items, work, roof, p)


def texture_dwconv(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A depthwise convolution, slice by slice: 3x3 at stride 1 in blocks of pixels, any other pixel by pixel."""
    taps = work.kernel_h * work.kernel_w
    plain = work.kernel_h == 3 and work.kernel_w == 3 and work.stride_h == 1 and work.stride_w == 1
    blocked = plain and work.dilation_h == 1 and work.dilation_w == 1 and work.c_out == work.c_in
    block_w = p.block_w if blocked else 1.0
    block_h = p.block_h if blocked else 1.0
    pixels = block_w * block_h
    added = _added_texels(work) * pixels
    items = Items(
        ceil(work.n * work.w_out / block_w),
        ceil(work.h_out / block_h),
        ceil(work.c_out / SLICE),
        taps,
        0.0,
        (block_w + work.kernel_w - 1.0) * (block_h + work.kernel_h - 1.0) + added,
        pixels * work.stride_h * work.stride_w + added,
        pixels,
        work.kernel_h if blocked else taps,
        pixels * taps * SLICE,
    )
    return _cost(items, work, roof, p)


def texture_window(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """Pooling, element-wise work and copies: a work item per output texel reads its window one texel after the other.

    A global pooling has as many work items as slices, each reading a whole map: it waits for memory, not for a rate.
    """
    slices = ceil(work.c_out / SLICE)
    operands = work.input_elements / work.output_elements
    reads = max(operands, work.kernel_h * work.kernel_w)
    items = Items(work.n * work.w_out, work.h_out, slices, 0.0, 0.0, reads, operands, 1.0, reads, 0.0)
    return _cost(items, work, roof, p)


def texture_concat(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A concatenation of channels: one work item per pixel copies slice after slice, two reads at a time."""
    slices = ceil(work.c_out / SLICE)
    items = Items(work.w_out, work.h_out, work.n, 0.0, 0.0, slices, slices, slices, ceil(slices / 2.0), 0.0)
    return _cost(items, work, roof, p)


def texture_dense(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A fully connected layer: four work items share the sum of an output slice, in work groups of a fixed size."""
    steps = ceil(ceil(work.c_in / SLICE) / SPLIT)
    items = Items(
        ceil(work.c_out / SLICE), SPLIT, 1.0, 0.0, steps, steps * SLICE, 0.0, 1.0, steps, steps * SLICE * SLICE
    )
    groups = work.n * ceil(items.grid_x / DENSE_GROUP)
    waves = groups * ceil(DENSE_GROUP * SPLIT / p.wave)
    return _priced(items, Launch(DENSE_GROUP, SPLIT, 1.0, waves, 0.0), work, roof, p)


def search(items: Items, p: WorkGroups, round_s: float, texel_s: float) -> Launch:
    """The fastest work group among those whose sides divide the grid, as the runtime's exhaustive tuning finds it.

    ``round_s`` is the time of one wave on every unit, ``texel_s`` that of a texel from the second-level cache.
    """
    best = _launch(items, p, 1.0, 1.0, 1.0)
    best_s = -1.0
    for least in (LEAST_GROUP, 1.0):
        if best_s >= 0.0:
            return best
        for x in range(1, int(min(items.grid_x, p.group_max)) + 1):
            if not _divides(x, items.grid_x):
                continue
            for y in range(1, int(min(items.grid_y, p.group_max / x)) + 1):
                if not _divides(y, items.grid_y):
                    continue
                for z in range(1, int(min(items.grid_z, p.group_max / (x * y))) + 1):
                    if x * y * z < least or not _divides(z, items.grid_z):
                        continue
                    launch = _launch(items, p, float(x), float(y), float(z))
                    launch_s = ceil(launch.waves / p.units) * round_s + launch.filled * texel_s
                    if best_s < 0.0 or launch_s < best_s:
                        best, best_s = launch, launch_s
    return best


def _divides(part: float, whole: float) -> bool:
    return whole - floor(whole / part) * part == 0.0


def _launch(items: Items, p: WorkGroups, x: float, y: float, z: float) -> Launch:
    """Waves of a work-group size, and the distinct texels they read, x and y running faster than z within a wave."""
    size = x * y * z
    groups = items.grid_x * items.grid_y * items.grid_z / size
    waves = groups * ceil(size / p.wave)
    across = min(x * y, p.wave)
    deep = min(z, max(1.0, p.wave / (x * y)))
    filled = waves * (items.shared_z * deep + items.shared_xy * across) + items.new * groups * size
    return Launch(x, y, z, waves, filled)


def _added_texels(work: Work) -> float:
    """Texels of fused operands per texel written."""
    return (work.input_elements - work.n * work.h_in * work.w_in * work.c_in) / work.output_elements


def _cost(items: Items, work: Work, roof: Roof, p: WorkGroups) -> Cost:
    texel_bytes = SLICE * roof.element_bytes
    lane_bytes = (
        items.shared_z + items.shared_xy + items.own
    ) / p.fetch_bytes_per_s + items.stored / p.store_bytes_per_s
    round_s = p.units * p.wave * texel_bytes * lane_bytes
    return _priced(items, search(items, p, round_s, texel_bytes / p.fill_bytes_per_s), work, roof, p)


def _priced(items: Items, launch: Launch, work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """Rounds of waves over the units: fetches, fills and stores pass one texture pipe, multiplications beside it."""
    texel_bytes = SLICE * roof.element_bytes
    lanes = ceil(launch.waves / p.units) * p.units * p.wave
    fetched_s = lanes * (items.shared_xy + items.own) * texel_bytes / p.fetch_bytes_per_s
    stored_s = lanes * items.stored * texel_bytes / p.store_bytes_per_s
    filled_s = launch.filled * texel_bytes / p.fill_bytes_per_s
    weights_s = lanes * items.shared_z * texel_bytes / p.fetch_bytes_per_s
    padded_macs = lanes * items.macs
    return combine(
        roof,
        padded_macs,
        padded_macs / (roof.macs_per_s * p.efficiency),
        fetched_s + stored_s + filled_s + items.steps * p.step_s,
        max(weights_s, parameters_s(work, roof)),
        0.0,
        p.kernel_s,
    )
