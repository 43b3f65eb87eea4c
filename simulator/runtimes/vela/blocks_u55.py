"""The U55-128's choice of blocks: of all that fit its shared memory, the one that fetches least for each output.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu55/ethos_u55.cpp: FindBlockConfig, TryBlockConfig,
ChooseKernelMethod and the table of accelerator configurations. Costs are compared in single precision there, and where
two are equal the outcome hangs on it, so they are here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .blocks import SUBKERNEL, Block, Query, Size, larger_input, reach, up, volume

UNIT: Size = (1, 2, 8)
LARGEST: Size = (32, 64, 128)
BANKS, BANK_BYTES = 24, 1024
OUTPUT_BANKS, END_BANKS, TABLE_BANKS = 2, 2, 2
SUM_BYTES, SUM_GRANULE = 4, 8
"""Size of one sum, and the banks that sums are given at a time."""
INPUT_GRANULE = {1: 4, 2: 4, 4: 8}
"""Banks that inputs are given at a time, by the bytes of an element."""
SPLIT_DEPTH = 16


@lru_cache(maxsize=1 << 14)
def find_block(query: Query) -> Block:
    """The block that Vela works in. Raises ValueError where none fits."""
    import numpy as np

    single = np.float32
    inputs, (height, width, channels) = larger_input(query), query.output
    equal_depth = query.kind in ("depthwise", "pool", "copy", "elementwise")
    kernel_first = query.kind in ("conv", "dense") and prefers_kernel_first(inputs[2], query)
    input_c = _input_depth(query, inputs[2], kernel_first)
    depth, h, w = _candidates(query)
    tall = up_all((h - 1) * query.stride[0] + _taps(query, 0), UNIT[0])
    wide = up_all((w - 1) * query.stride[1] + _taps(query, 1), UNIT[1])
    deep = depth if equal_depth else np.full_like(depth, input_c)
    fits = _fits(query, h * w, depth, tall * wide, deep)
    if not fits.any():
        raise ValueError(f"no block of the U55 holds a kernel of {query.kernel} at stride {query.stride}")
    depth, h, w, tall, wide, deep = (values[fits] for values in (depth, h, w, tall, wide, deep))

    across, layers = -(-height // h) * -(-width // w), -(-channels // depth)
    part_h, part_w, part_c = (single(size) / values.astype(single) for size, values in zip(query.output, (h, w, depth)))
    outputs = single(volume(query.output))
    if query.kind == "elementwise":
        cost = outputs / (h * w * depth).astype(single)
    else:
        taps = query.kernel[0] * query.kernel[1] if query.kind in ("conv", "depthwise") else 0
        weights = (taps * inputs[2] * across).astype(single)
        if query.kind != "depthwise":
            weights = weights * (part_c * depth.astype(single))
        pieces = -(-reach(query.kernel[0], query.dilation[0]) // SUBKERNEL)
        pieces *= -(-reach(query.kernel[1], query.dilation[1]) // SUBKERNEL)
        fetched = (tall * wide * inputs[2] * pieces).astype(single) * part_w * part_h
        if not equal_depth:
            fetched = fetched * layers.astype(single)
        cost = (fetched + weights) / outputs
    cost = np.where(volume(inputs) < tall * wide * deep * 2, cost / single(2), cost)
    i = cheapest(np, cost, h, w, inputs, tall, wide)
    return Block((int(h[i]), int(w[i]), int(depth[i])), (int(tall[i]), int(wide[i]), int(deep[i])), UNIT, kernel_first)


def prefers_kernel_first(channels: int, query: Query) -> bool:
    """Whether four taps of eight channels fill the multipliers better than 32 channels of one tap."""
    if channels <= 8:
        return True
    taps = query.kernel[0] * query.kernel[1]
    deep = channels / up(channels, 32 if query.element_bytes == 1 else 16)
    part = channels / up(channels, 8) * (taps / up(taps, 4 if query.element_bytes == 1 else 2))
    return part >= deep


def cheapest(np: Any, cost: Any, h: Any, w: Any, inputs: Size, tall: Any, wide: Any) -> int:
    """Index of the first candidate at the lowest cost, or of a later one of at most 4 x 4 that covers more input."""
    equal = np.flatnonzero(cost == cost.min())
    small = [i for i in equal[1:] if h[i] <= 4 and w[i] <= 4]
    best, least = int(equal[0]), float("inf")
    for i in small:
        covered = max(min(inputs[0], int(tall[i])) * min(inputs[1], int(wide[i])), 1)
        coverage = np.float32(inputs[0] * inputs[1]) / np.float32(covered)
        if coverage <= least:
            best, least = int(i), coverage
    return best


def up_all(values: Any, granule: Any) -> Any:
    """An array's values rounded up to multiples."""
    return -(-values // granule) * granule


def _taps(query: Query, axis: int) -> int:
    return min(reach(query.kernel[axis], query.dilation[axis]), SUBKERNEL)


def _input_depth(query: Query, channels: int, kernel_first: bool) -> int:
    if query.element_bytes == 2:
        return up(min(channels, 16), 4)
    return up(min(channels, 16 if kernel_first else 32), UNIT[2])


def _candidates(query: Query) -> tuple[Any, Any, Any]:
    """Depths, heights and widths of all blocks in Vela's order: depth by depth, row by row."""
    import numpy as np

    channels = query.output[2]
    end = tuple(up(min(size, most), unit) for size, most, unit in zip(query.output, LARGEST, UNIT))
    depths, depth = [], max(UNIT[2], min(end[2], SPLIT_DEPTH))
    while True:
        depth = up(depth, SPLIT_DEPTH) if depth < channels else depth
        if depth > end[2]:
            break
        depths.append(depth)
        depth += UNIT[2]
    heights, widths = np.arange(UNIT[0], end[0] + 1, UNIT[0]), np.arange(UNIT[1], end[1] + 1, UNIT[1])
    found = np.meshgrid(np.array(depths, dtype=np.int64), heights, widths, indexing="ij")
    return found[0].ravel(), found[1].ravel(), found[2].ravel()


def _fits(query: Query, area: Any, depth: Any, input_area: Any, input_depth: Any) -> Any:
    """Which candidates' inputs, twice, and sums, twice, have banks."""
    granule = INPUT_GRANULE[query.element_bytes]
    row = up_all(input_depth * query.element_bytes, 8)
    inputs = up_all(-(-(input_area * row) // BANK_BYTES) * 2, granule)
    free = BANKS - OUTPUT_BANKS - max(END_BANKS, TABLE_BANKS if query.table else 0)
    if query.kind == "elementwise":
        scalar = 1 in (volume(query.first), volume(query.second or query.first))
        both = inputs if scalar and query.element_bytes <= 2 else 2 * inputs
        return both <= free
    sums = up_all(-(-(area * up_all(depth, 8) * SUM_BYTES) // BANK_BYTES) * 2, SUM_GRANULE)
    return inputs + sums <= free
