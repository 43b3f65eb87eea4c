"""Blocks of the U85 for windows of single channels: as near to the output's aspect as sums and inputs have room.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85.cpp: AreaFit and FindDepthwiseConfig.
"""

from __future__ import annotations

from math import sqrt

from .query import Block, Query, Size, reach, round_down, round_up, volume
from .search import subkernel_taps
from .u85_engine import DEPTH_GRANULE, ENGINES, LARGEST, Unit, input_granule, sum_bytes

RETRIES = 25


def find_window_block(query: Query, unit: Unit, input_depth: int) -> Block:
    """The block of a depthwise convolution, a pooling or (with a fixed input depth) a reduction of channels."""
    granule, room = (unit.size[0], unit.size[1], DEPTH_GRANULE), input_elements(query)
    output: Size = tuple(round_up(size, each) for size, each in zip(query.output, granule))  # type: ignore[assignment]
    most: Size = tuple(min(size, largest) for size, largest in zip(output, LARGEST))  # type: ignore[assignment]
    fixed = input_depth if query.kind == "reduction" else 0
    h, w, c = _area_fit(query, unit, output, most, fixed)
    force = 0
    while True:
        piece = input_granule(query, fixed or c, unit)
        taken = _input(query, (h, w, c), piece, fixed)
        if w >= output[1] and h >= output[0] and c >= output[2]:
            break
        row = _input(query, (granule[0], w, c), piece, fixed)
        if room - volume(taken) >= volume(row):
            break
        if (h != output[0] or force & 2) and h > granule[0]:
            h -= granule[0]
        elif (c > w or force & 1) and c > DEPTH_GRANULE:
            c -= DEPTH_GRANULE
        elif (w != output[1] or force & 4) and w > granule[1]:
            w -= granule[1]
        elif force != 7:
            force = force << 1 | 1
        else:
            break
    return Block((h, w, c), taken, unit.size)


def sums(query: Query) -> int:
    """Partial sums that the engine holds."""
    return ENGINES[query.macs].sum_bytes // sum_bytes(query)


def input_elements(query: Query) -> int:
    """Elements of the input that the engine holds."""
    return ENGINES[query.macs].input_bytes // query.element_bytes


def _input(query: Query, block: Size, piece: Size, fixed: int) -> Size:
    """The piece of the input that a block reads, in whole granules; ``fixed`` is its depth where not the block's."""
    h, w = (
        round_up((size - 1) * stride + taps, each)
        for size, stride, taps, each in zip(block, query.stride, subkernel_taps(query), piece)
    )
    return h, w, round_up(fixed or block[2], piece[2])


def _area_fit(query: Query, unit: Unit, output: Size, most: Size, fixed: int) -> Size:
    """The block (height, width, channels) of the depth that covers most of the output's area and wastes least."""
    single = all(reach(k, d) == 1 for k, d in zip(query.kernel, query.dilation))
    unit_sums = unit.size[0] * unit.size[1] * DEPTH_GRANULE
    area = output[1] * (output[2] if single else output[0])
    best, found = float("inf"), output
    for depth in range(DEPTH_GRANULE, min(max(query.macs, sums(query) // unit_sums), most[2]) + 1, DEPTH_GRANULE):
        piece = input_granule(query, fixed or depth, unit)
        size = _fit_depth(query, unit, output, most, depth, piece, fixed)
        if size is None:
            break
        h, w = size
        used = depth % piece[2] or piece[2]
        waste = 1.0 + (piece[2] - used) / piece[2] / 10
        fit = 1.0 + abs(1.0 - most[2] / depth) / 10
        coverage = 1.0 + abs(1.0 - area / (w * (depth if single else h)))
        if coverage * fit * waste < best:
            best, found = coverage * fit * waste, (h, w, depth)
            if depth >= output[2] and w >= output[1] and h >= output[0]:
                return output
    return found


def _fit_depth(
    query: Query, unit: Unit, output: Size, most: Size, depth: int, piece: Size, fixed: int
) -> tuple[int, int] | None:
    """Height and width of a block of one depth, reduced until both memories hold it; None where nothing fits."""
    unit_sums = unit.size[0] * unit.size[1] * DEPTH_GRANULE
    whole = volume(tuple(round_up(size, each) for size, each in zip(query.first, piece)))  # type: ignore[arg-type]
    room, before, retries = sums(query), -1, RETRIES
    while True:
        w, h = _by_aspect(output[0] / output[1], room // depth, unit.size)
        w, h = min(w, most[1]), min(h, most[0])
        area = w * h
        if w < output[1]:
            w = _even_tile(output[1], unit.size[1], w)
        h = max(round_down(area // w, unit.size[0]), unit.size[0])
        taken = w * h * depth
        sum_ratio = sums(query) / taken
        input_ratio = input_elements(query) / min(volume(_input(query, (h, w, depth), piece, fixed)), whole)
        if sum_ratio >= 1.0 and input_ratio >= 1.0:
            return h, w
        if taken == before:
            retries -= 1
            if retries <= 0:
                input_ratio = 0.9
        before = taken
        if input_ratio < 1.0 and sum_ratio > 1.0:
            room = min(room, taken)
        smaller = max(int(room // unit_sums * min(input_ratio, sum_ratio)), 0) * unit_sums
        if smaller == room:
            smaller = room - unit_sums
        if smaller < unit_sums:
            return None
        room = smaller


def _by_aspect(aspect: float, area: int, unit: Size) -> tuple[int, int]:
    """Width and height of an area, in whole units, neither below one."""
    w = sqrt(area / aspect)
    h = w * aspect
    if h < 1.0:
        w, h = w * h, 1.0
    elif w < 1.0:
        h, w = h * w, 1.0
    return round_down(max(int(w), unit[1]), unit[1]), round_down(max(int(h), unit[0]), unit[0])


def _even_tile(size: int, granule: int, tile: int) -> int:
    """A tile that divides a size, or of those little smaller than ``tile`` the one that leaves most for the last."""
    if size % tile == 0:
        return tile
    even = max(round_up(size // (size // tile + 1), granule), granule)
    least = max(even - granule * 2, (even + 1) // 2, granule)
    best, left = tile, size % tile
    for candidate in range(tile, least - 1, -granule):
        remainder = size % candidate or candidate
        if remainder > left:
            best, left = candidate, remainder
    return best
