"""The U85's choice of blocks, by operator: a search for convolutions and products, a fit by area for windows.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85.cpp: FindBlockConfig, FindUBlock, AreaFit,
FindDepthwiseConfig, FindElementwiseConfig and TryBlockConfig.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .query import Block, Query, Size, larger_input, round_up, volume
from .search import (
    Candidates,
    cheapest,
    depths,
    grid,
    halved_where_the_input_fits,
    round_up_all,
    subkernel_taps,
    subkernels,
)
from .u85_engine import (
    CHAIN_SLOTS,
    DEPTH_GRANULE,
    ENGINES,
    LARGEST,
    PRODUCTS,
    Unit,
    input_granule,
    product_depth,
    sum_bytes,
)
from .u85_windows import find_window_block


@lru_cache(maxsize=1 << 14)
def find_block(query: Query) -> Block:
    """The block that Vela chooses for an operator. Raises ValueError where none fits the engine's memory."""
    kernel_first = query.kind in ("conv", "dense") and prefers_kernel_first(larger_input(query)[2], query)
    unit = _unit(query, kernel_first)
    if query.kind == "elementwise":
        size = _elementwise(query, unit.size)
        return Block(size, size, unit.size)
    if query.kind in ("depthwise", "pool", "reduction", "turned"):
        return find_window_block(query, unit, product_depth(query, unit, False))
    return _search(query, unit, kernel_first)


def prefers_kernel_first(channels: int, query: Query) -> bool:
    """Whether five taps at one time of 16 channels fill the multipliers better than 64 channels of one tap."""
    taps = query.kernel[0] * query.kernel[1]
    step, least = (10, 4) if sparse(channels) else (5, 2)
    filled = taps // step * step + max(taps % step, least)
    part = channels / round_up(channels, 16) * (taps / filled)
    return part >= channels / round_up(channels, 128 if sparse(channels) else 64)


def sparse(channels: int) -> bool:
    """Whether the zeros that fill a block make two of four weights zero, whatever the weights."""
    return channels <= 2


def _unit(query: Query, kernel_first: bool) -> Unit:
    """The step of the multipliers that wastes least of the output, among those that the operator can take."""
    taps = query.kind in PRODUCTS and (kernel_first or query.kernel != (1, 1))
    allowed = [
        unit
        for unit in ENGINES[query.macs].units
        if query.kind in unit.kinds[query.element_bytes - 1] and not (taps and unit.only_single_pixels)
    ]
    return min(allowed, key=lambda unit: volume(_rounded(query.output, unit.size)))


def _rounded(size: Size, granule: Size) -> Size:
    return round_up(size[0], granule[0]), round_up(size[1], granule[1]), round_up(size[2], granule[2])


def _search(query: Query, unit: Unit, kernel_first: bool) -> Block:
    """The cheapest block of a convolution, product or copy, which may hold its inputs and sums twice or else once."""
    inputs, depth = larger_input(query), product_depth(query, unit, kernel_first)
    for copies in (2, 1):
        candidates, granules = _candidates(query, unit, copies, depth)
        fits = _fits(query, candidates, granules, copies, inputs[2])
        if fits.any():
            break
    else:
        raise ValueError(f"no block of the U85 holds a kernel of {query.kernel} at stride {query.stride}")
    filled = round_up_all(candidates.input_depth, granules[2])[fits]
    candidates = candidates.where(fits)
    cost = halved_where_the_input_fits(_cost(query, inputs, candidates), candidates, inputs, filled)
    best = cheapest(cost, candidates, inputs)
    return Block(candidates.output(best), candidates.input(best), unit.size, kernel_first)


def _candidates(query: Query, unit: Unit, copies: int, input_depth: int) -> tuple[Candidates, Any]:
    """Blocks whose sums have room, with the input that each reads; and by axis the granules of that input's memory."""
    import numpy as np

    by_h, by_w, by_c = unit.size
    steps = by_h, by_w, max(by_c, DEPTH_GRANULE)
    most = [max(min(size, largest), step) for size, largest, step in zip(query.output, LARGEST, steps)]
    end = [round_up(size, each) for size, each in zip(most, unit.size)]
    room = ENGINES[query.macs].sum_bytes // (sum_bytes(query) * copies * DEPTH_GRANULE)
    heights = np.arange(by_h, min(end[0], room) + 1, by_h)
    widths = np.arange(by_w, min(end[1], room) + 1, by_w)
    depth, h, w = grid(depths(query.output[2], end[2], by_c, DEPTH_GRANULE), heights, widths)
    deep = depth if query.kind == "copy" else np.full_like(depth, input_depth)
    granules = np.array([input_granule(query, int(each), unit) for each in deep], dtype=np.int64).reshape(-1, 3).T
    taps = subkernel_taps(query)
    tall = round_up_all((h - 1) * query.stride[0] + taps[0], granules[0])
    wide = round_up_all((w - 1) * query.stride[1] + taps[1], granules[1])
    return Candidates(depth, h, w, tall, wide, deep), granules


def _fits(query: Query, candidates: Candidates, granules: Any, copies: int, channels: int) -> Any:
    """For which candidates the engine holds so many copies of the inputs and of the sums."""
    import numpy as np

    engine, (depth, h, w, tall, wide, deep) = ENGINES[query.macs], candidates
    whole = deep if query.kind == "copy" else np.minimum(round_up_all(deep, granules[2]), channels)
    held = round_up_all(whole, granules[2])
    inputs = tall * wide * held * query.element_bytes * copies <= engine.input_bytes
    sums = h * w * round_up_all(depth, DEPTH_GRANULE) * sum_bytes(query) * copies
    return inputs & (sums <= engine.sum_bytes)


def _cost(query: Query, inputs: Size, candidates: Candidates) -> Any:
    """Elements of inputs and weights that are fetched for each output, in single precision."""
    import numpy as np

    single, (height, width, channels) = np.float32, query.output
    depth, h, w, tall, wide, _ = candidates
    if query.kind == "dense":
        return single(1) / (h * w).astype(single)
    if query.kind == "matmul":
        return single(volume(query.output)) / (h.astype(single) * w.astype(single) * depth.astype(single))
    across, layers = -(-height // h) * -(-width // w), -(-channels // depth)
    part_h, part_w, part_c = (single(size) / values.astype(single) for size, values in zip(query.output, (h, w, depth)))
    fetched = (tall * wide).astype(single) * single(inputs[2]) * single(subkernels(query)) * (part_w * part_h)
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
    engine = ENGINES[query.macs]
    across = engine.output_bytes // query.element_bytes // DEPTH_GRANULE
    chained = engine.chain_bytes // CHAIN_SLOTS // (DEPTH_GRANULE * query.element_bytes) // unit[0]
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
    return max(round_up(size // (size // tile + 1), granule), granule)


def _reapportion(value: int, most: int, available: int, needed: int) -> tuple[int, int]:
    """Room that one axis does not need, given to another: that one's new size, and what is left."""
    excess = min(available // needed, most // value)
    return (value * excess, available // excess) if excess >= 2 else (value, available)
