"""The U85-256's choice of blocks, by operator: a search for convolutions and products, a fit by area for windows.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85.cpp: FindBlockConfig, FindUBlock, AreaFit,
FindDepthwiseConfig, FindElementwiseConfig, TryBlockConfig and the table of accelerator configurations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .blocks import SUBKERNEL, Block, Query, Size, larger_input, reach, up, volume
from .blocks_u55 import cheapest, up_all
from .blocks_u85_fit import find_window_block

UNITS: tuple[Size, ...] = ((1, 2, 16), (1, 4, 8), (2, 2, 8))
LARGEST: Size = (128, 128, 1024)
INPUT_BYTES = SUM_MEMORY_BYTES = 16384
CHAIN_BYTES, OUTPUT_BYTES = 1536, 2048
SUM_BYTES = 4
DEPTH_GRANULE = 16
CHAIN_SLOTS = 6


@lru_cache(maxsize=1 << 14)
def find_block(query: Query) -> Block:
    """The block that Vela works in. Raises ValueError where none fits."""
    kernel_first = query.kind in ("conv", "dense") and prefers_kernel_first(larger_input(query)[2], query)
    unit = _unit(query, kernel_first)
    if query.kind == "elementwise":
        size = _elementwise(query, unit)
        return Block(size, size, unit)
    if query.kind in ("depthwise", "pool", "reduction"):
        return find_window_block(query, unit, 32 if unit[2] == 16 else 64)
    return _search(query, unit, kernel_first)


def prefers_kernel_first(channels: int, query: Query) -> bool:
    """Whether five taps at one time of 16 channels fill the multipliers better than 64 channels of one tap."""
    taps = query.kernel[0] * query.kernel[1]
    step, least = (10, 4) if sparse(channels) else (5, 2)
    filled = taps // step * step + max(taps % step, least)
    part = channels / up(channels, 16) * (taps / filled)
    return part >= channels / up(channels, 128 if sparse(channels) else 64)


def sparse(channels: int) -> bool:
    """Whether the zeros that fill a block make two of four weights zero, whatever the weights."""
    return channels <= 2


def _unit(query: Query, kernel_first: bool) -> Size:
    """Of the steps that the operator can take, the first that wastes least of the output."""
    deep = UNITS[:1]
    if query.kind in ("depthwise", "pool", "copy"):
        allowed = deep
    elif query.kind == "elementwise" or (query.kind == "conv" and query.element_bytes == 2 and not kernel_first):
        allowed = UNITS
    else:
        allowed = UNITS[1:]
    return min(allowed, key=lambda unit: volume(_rounded(query.output, unit)))


def _rounded(size: Size, granule: Size) -> Size:
    return up(size[0], granule[0]), up(size[1], granule[1]), up(size[2], granule[2])


def input_unit(depth: int, unit: Size) -> Size:
    """Elements that the input memory is given at a time, by the depth of an input block of bytes."""
    if depth > 32:
        return 1, 1, 64
    if depth > 16:
        return 1, 2, 32
    return (1, 4, 16) if unit == (1, 4, 8) else (2, 2, 16)


def _search(query: Query, unit: Size, kernel_first: bool) -> Block:
    import numpy as np

    single, inputs, equal_depth = np.float32, larger_input(query), query.kind == "copy"
    fixed = 16 if kernel_first else 32 if unit[2] == 16 else 64
    taps = [min(reach(kernel, dilation), SUBKERNEL) for kernel, dilation in zip(query.kernel, query.dilation)]
    for copies in (2, 1):
        depth, h, w = _candidates(np, query, unit, copies)
        deep = depth if equal_depth else np.full_like(depth, fixed)
        units = [input_unit(int(each), unit) for each in deep]
        granules = np.array(units, dtype=np.int64).reshape(-1, 3).T
        tall = up_all((h - 1) * query.stride[0] + taps[0], granules[0])
        wide = up_all((w - 1) * query.stride[1] + taps[1], granules[1])
        held = up_all(deep if equal_depth else np.minimum(up_all(deep, granules[2]), inputs[2]), granules[2])
        fits = (tall * wide * held * query.element_bytes * copies <= INPUT_BYTES) & (
            h * w * up_all(depth, DEPTH_GRANULE) * SUM_BYTES * copies <= SUM_MEMORY_BYTES
        )
        if fits.any():
            break
    else:
        raise ValueError(f"no block of the U85 holds a kernel of {query.kernel} at stride {query.stride}")
    filled = up_all(deep, granules[2])[fits]
    depth, h, w, tall, wide, deep = (values[fits] for values in (depth, h, w, tall, wide, deep))
    cost = _cost(np, query, inputs, depth, h, w, tall, wide)
    cost = np.where(volume(inputs) < tall * wide * filled * 2, cost / single(2), cost)
    i = cheapest(np, cost, h, w, inputs, tall, wide)
    return Block((int(h[i]), int(w[i]), int(depth[i])), (int(tall[i]), int(wide[i]), int(deep[i])), unit, kernel_first)


def _candidates(np: Any, query: Query, unit: Size, copies: int) -> tuple[Any, Any, Any]:
    """Depths, heights and widths of all blocks whose sums have room, in Vela's order."""
    steps = unit[0], unit[1], DEPTH_GRANULE
    end = [up(max(min(size, most), step), each) for size, most, step, each in zip(query.output, LARGEST, steps, unit)]
    channels, depths, depth = query.output[2], [], max(unit[2], min(end[2], DEPTH_GRANULE))
    while True:
        depth = up(depth, DEPTH_GRANULE) if depth < channels else depth
        if depth > end[2]:
            break
        depths.append(depth)
        depth += unit[2]
    room = SUM_MEMORY_BYTES // (SUM_BYTES * copies * DEPTH_GRANULE)
    heights = np.arange(unit[0], min(end[0], room) + 1, unit[0])
    widths = np.arange(unit[1], min(end[1], room) + 1, unit[1])
    found = np.meshgrid(np.array(depths, dtype=np.int64), heights, widths, indexing="ij")
    return found[0].ravel(), found[1].ravel(), found[2].ravel()


def _cost(np: Any, query: Query, inputs: Size, depth: Any, h: Any, w: Any, tall: Any, wide: Any) -> Any:
    single, (height, width, channels) = np.float32, query.output
    if query.kind == "dense":
        return single(1) / (h * w).astype(single)
    if query.kind == "matmul":
        return single(volume(query.output)) / (h.astype(single) * w.astype(single) * depth.astype(single))
    across, layers = -(-height // h) * -(-width // w), -(-channels // depth)
    part_h, part_w, part_c = (single(size) / values.astype(single) for size, values in zip(query.output, (h, w, depth)))
    pieces = -(-reach(query.kernel[0], query.dilation[0]) // SUBKERNEL)
    pieces *= -(-reach(query.kernel[1], query.dilation[1]) // SUBKERNEL)
    fetched = (tall * wide).astype(single) * single(inputs[2]) * single(pieces) * (part_w * part_h)
    if query.kind == "copy":
        return fetched / single(volume(query.output))
    weights = single(query.kernel[0] * query.kernel[1]) * single(inputs[2]) * across.astype(single)
    weights = weights * (part_c * depth.astype(single))
    return (fetched * layers.astype(single) + weights) / single(volume(query.output))


def _elementwise(query: Query, unit: Size) -> Size:
    """As much of the output as its buffer holds; an operand that is repeated has the chaining buffer instead."""
    granule = (unit[0], unit[1], DEPTH_GRANULE)
    output = _rounded(query.output, granule)
    most = tuple(min(size, largest) for size, largest in zip(output, LARGEST))
    scalar = 1 in (volume(query.first), volume(query.second or query.first))
    across = OUTPUT_BYTES // query.element_bytes // DEPTH_GRANULE
    chained = CHAIN_BYTES // CHAIN_SLOTS // (DEPTH_GRANULE * query.element_bytes) // unit[0]
    h = _tile(output[0], granule[0], most[0])
    needed = max(_tile(output[1], granule[1], min(across, most[1])), granule[1])
    w = across
    c, w = _reapportion(DEPTH_GRANULE, most[2], w, needed)
    if query.second and not scalar:
        short = [min(a, b) < size for a, b, size in zip(query.first, query.second, query.output)]
        if short[2]:
            c, w = _tile(output[2], DEPTH_GRANULE, most[2]), chained
            if not (short[0] or short[1]):
                h, w = _reapportion(unit[0], most[0], w, needed)
        elif short[0]:
            c, w = _reapportion(DEPTH_GRANULE, most[2], chained, needed)
    return _rounded((h, w, c), granule)


def _tile(size: int, granule: int, tile: int) -> int:
    """The largest tile, or a smaller one that divides the size more evenly."""
    if size % tile == 0:
        return tile
    return max(up(size // (size // tile + 1), granule), granule)


def _reapportion(value: int, most: int, available: int, needed: int) -> tuple[int, int]:
    """Room that one axis does not need, given to another: that one's new size, and what is left."""
    excess = min(available // needed, most // value)
    return (value * excess, available // excess) if excess >= 2 else (value, available)
