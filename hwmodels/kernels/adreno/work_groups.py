"""How an OpenCL grid of work items becomes waves on a GPU's shader units, and what their texels take.

A work item computes a small block of outputs, four channels (a slice) to a texel. The runtime tries every work-group
size whose sides divide the grid, so what a shape costs depends on how its sides factor: the paper's "varied step" of
section 4.1 and appendix B.1. Source: TensorFlow Lite 2.1, delegates/gpu/cl/kernels and common/workgroup_selection.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, Roof, Work, ceil, combine, floor, parameters_s

SLICE = 4.0
"""Channels of a texel."""
LEAST_GROUP = 32.0
"""Work items of the smallest work group tried, unless the grid has none that large."""


class Groups(NamedTuple):
    """Waves, the units they run on, and the limits of a work group, in work items."""

    wave: float
    units: float
    group_max: float
    group_z_max: float


class TexelPath(NamedTuple):
    """Rates at which texels are read, filled into the texture caches and written, and the wait of a dependent read."""

    fetch_bytes_per_s: float
    fill_bytes_per_s: float
    store_bytes_per_s: float
    step_s: float


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


class Lanes(NamedTuple):
    """Lanes of all waves of a launch, every round on all units."""

    issued: float
    busy: float
    """Lanes that hold a work item of a work group."""


def search(grid_x: float, grid_y: float, grid_z: float, groups: Groups) -> Launch:
    """The work group with the fewest waves among those whose sides divide the grid: what exhaustive tuning finds."""
    best = _search_from(grid_x, grid_y, grid_z, groups, LEAST_GROUP)
    return best if best.waves > 0.0 else _search_from(grid_x, grid_y, grid_z, groups, 1.0)


def _search_from(grid_x: float, grid_y: float, grid_z: float, groups: Groups, least: float) -> Launch:
    """The best of the groups of at least ``least`` work items; no waves where the grid has no such group."""
    best = Launch(0.0, 0.0, 0.0, 0.0)
    fewest = ceil(grid_x * grid_y * grid_z / groups.wave)
    for x in range(1, int(min(grid_x, groups.group_max)) + 1):
        if not _divides(x, grid_x):
            continue
        for y in range(1, int(min(grid_y, groups.group_max / x)) + 1):
            if not _divides(y, grid_y):
                continue
            deepest = int(min(grid_z, groups.group_z_max, groups.group_max / (x * y)))
            for z in range(max(1, int(ceil(least / (x * y)))), deepest + 1):
                if _divides(z, grid_z):
                    count = grid_x / x * (grid_y / y) * (grid_z / z)
                    launch = Launch(float(x), float(y), float(z), count * ceil(x * y * z / groups.wave))
                    best = _fewer(best, launch)
                    if best.waves <= fewest:
                        return best
    return best


def _fewer(a: Launch, b: Launch) -> Launch:
    return a if 0.0 < a.waves <= b.waves else b


def _divides(part: float, whole: float) -> bool:
    return whole - floor(whole / part) * part == 0.0


def added_texels(work: Work) -> float:
    """Texels of fused operands per texel written."""
    return (work.input_elements - work.n * work.h_in * work.w_in * work.c_in) / work.output_elements


def lanes_of(launch: Launch, wave: float, units: float) -> Lanes:
    """The lanes of a launch in rounds of one wave on every unit."""
    size = launch.x * launch.y * launch.z
    issued = ceil(launch.waves / units) * units * wave
    return Lanes(issued, issued * size / (ceil(size / wave) * wave))


def copy_cost(items: Items, work: Work, roof: Roof, groups: Groups, path: TexelPath, kernel_s: float) -> Cost:
    """The cost of a kernel that multiplies nothing: reads, fills and stores follow one another."""
    lanes = lanes_of(search(items.grid_x, items.grid_y, items.grid_z, groups), groups.wave, groups.units)
    memory_s = _texels_s(items, lanes, roof, path)
    return combine(roof, memory_s=memory_s, weights_s=parameters_s(work, roof), overhead_s=kernel_s)


def product_cost(
    items: Items, work: Work, roof: Roof, groups: Groups, path: TexelPath, efficiency: float, kernel_s: float
) -> Cost:
    """The cost of a kernel that multiplies while other waves read, fill and store."""
    lanes = lanes_of(search(items.grid_x, items.grid_y, items.grid_z, groups), groups.wave, groups.units)
    padded_macs = lanes.issued * items.macs
    filters_s = SLICE * roof.element_bytes * lanes.issued * items.filters / path.fetch_bytes_per_s
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * efficiency),
        memory_s=_texels_s(items, lanes, roof, path),
        weights_s=parameters_s(work, roof) + filters_s,
        overhead_s=kernel_s,
    )


def _texels_s(items: Items, lanes: Lanes, roof: Roof, path: TexelPath) -> float:
    """Time to read and write the texels of tensors, and to wait for those that depend on others."""
    moved_s = (SLICE * roof.element_bytes) * (
        lanes.issued * items.pixels / path.fetch_bytes_per_s
        + lanes.busy * items.new / path.fill_bytes_per_s
        + lanes.busy * items.stored / path.store_bytes_per_s
    )
    return moved_s + items.chain * path.step_s
