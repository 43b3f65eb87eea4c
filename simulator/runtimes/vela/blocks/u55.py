"""The U55's choice of blocks: of all that fit its shared memory, the one that fetches least for each output.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu55/ethos_u55.cpp: FindBlockConfig, TryBlockConfig,
ChooseKernelMethod and the table of accelerator configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

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

LARGEST: Size = (32, 64, 128)
BANK_BYTES = 1024
OUTPUT_BANKS, END_BANKS, TABLE_BANKS = 2, 2, 2
SUM_BYTES = 4
"""Bytes of one partial sum."""
SPLIT_DEPTH = 16
INPUT_DEPTH = 8
"""Channels of input that the multipliers take at one time."""


class Configuration(NamedTuple):
    """What differs between the U55s of other sizes."""

    unit: Size
    """Height, width and channels of the output that the multipliers work on at one time."""
    banks: int
    """Banks of the shared memory."""
    input_granule: Mapping[int, int]
    """Banks that inputs are allotted at a time, by the bytes of an element."""
    sum_granule: int
    """Banks that sums are allotted at a time."""


CONFIGURATIONS = {
    32: Configuration((1, 1, 4), 16, MappingProxyType({1: 2, 2: 2, 4: 4}), 4),
    64: Configuration((1, 1, 8), 16, MappingProxyType({1: 2, 2: 2, 4: 4}), 4),
    128: Configuration((1, 2, 8), 24, MappingProxyType({1: 4, 2: 4, 4: 8}), 8),
    256: Configuration((2, 2, 8), 48, MappingProxyType({1: 8, 2: 8, 4: 16}), 16),
}
"""By multiply-accumulates a cycle. Source besides: ethos-u-vela 5.2, ethosu/vela/architecture_features.py."""


@lru_cache(maxsize=1 << 14)
def find_block(query: Query) -> Block:
    """The block that Vela chooses for an operator. Raises ValueError where none fits the engine's memory."""
    inputs = larger_input(query)
    kernel_first = query.kind in ("conv", "dense") and prefers_kernel_first(inputs[2], query)
    candidates = _candidates(query, _input_depth(query, inputs[2], kernel_first))
    candidates = candidates.where(_fits(query, candidates))
    if not candidates.depth.size:
        raise ValueError(f"no block of the U55 holds a kernel of {query.kernel} at stride {query.stride}")
    cost = _cost(query, inputs, candidates)
    cost = halved_where_the_input_fits(cost, candidates, inputs, candidates.input_depth)
    best = cheapest(cost, candidates, inputs)
    output, unit = candidates.output(best), CONFIGURATIONS[query.macs_per_cycle].unit
    if _in_one_row(query, unit):
        output, unit = (1, *output[1:]), (1, 4, unit[2])
    return Block(output, candidates.input(best), unit, kernel_first)


def _in_one_row(query: Query, unit: Size) -> bool:
    """Whether units of two rows are turned to a row of four: for an output of one row and of even width.

    Source: ethos-u-vela 5.2, ethosu/vela/npu_performance.py, _estimate_conv_cycles.
    """
    return (
        unit[0] == 2
        and query.kind in ("conv", "depthwise", "dense")
        and query.output[0] == 1
        and query.output[1] % 2 == 0
        and query.kernel[0] == 1
    )


def prefers_kernel_first(channels: int, query: Query) -> bool:
    """Whether four taps of eight channels fill the multipliers better than 32 channels of one tap."""
    if channels <= 8:
        return True
    taps = query.kernel[0] * query.kernel[1]
    deep = channels / round_up(channels, 32 if query.element_bytes == 1 else 16)
    part = channels / round_up(channels, 8) * (taps / round_up(taps, 4 if query.element_bytes == 1 else 2))
    return part >= deep


def _candidates(query: Query, input_depth: int) -> Candidates:
    """All blocks that do not exceed the output or the engine, with the input that each reads."""
    import numpy as np

    unit = CONFIGURATIONS[query.macs_per_cycle].unit
    end = tuple(round_up(min(size, most), by) for size, most, by in zip(query.output, LARGEST, unit))
    heights, widths = np.arange(unit[0], end[0] + 1, unit[0]), np.arange(unit[1], end[1] + 1, unit[1])
    depth, h, w = grid(depths(query.output[2], end[2], unit[2], SPLIT_DEPTH), heights, widths)
    taps = subkernel_taps(query)
    return Candidates(
        depth,
        h,
        w,
        round_up_all((h - 1) * query.stride[0] + taps[0], unit[0]),
        round_up_all((w - 1) * query.stride[1] + taps[1], unit[1]),
        depth if _reads_own_channels(query) else np.full_like(depth, input_depth),
    )


def _reads_own_channels(query: Query) -> bool:
    """Whether an output channel depends on the input channel of the same number alone."""
    return query.kind in ("depthwise", "pool", "copy", "elementwise")


def _input_depth(query: Query, channels: int, kernel_first: bool) -> int:
    """Input channels that a product works on at one time."""
    if query.element_bytes == 2:
        return round_up(min(channels, 16), 4)
    return round_up(min(channels, 16 if kernel_first else 32), INPUT_DEPTH)


def _fits(query: Query, candidates: Candidates) -> Any:
    """For which candidates the banks hold the inputs twice and the sums twice."""
    own = CONFIGURATIONS[query.macs_per_cycle]
    granule = own.input_granule[query.element_bytes]
    row = round_up_all(candidates.input_depth * query.element_bytes, 8)
    input_area = candidates.input_height * candidates.input_width
    inputs = round_up_all(-(-(input_area * row) // BANK_BYTES) * 2, granule)
    free = own.banks - OUTPUT_BANKS - max(END_BANKS, TABLE_BANKS if query.table else 0)
    if query.kind == "elementwise":
        scalar = 1 in (volume(query.first), volume(query.second or query.first))
        both = inputs if scalar and query.element_bytes <= 2 else 2 * inputs
        return both <= free
    area = candidates.height * candidates.width
    sums_bytes = area * round_up_all(candidates.depth, 8) * SUM_BYTES
    sums = round_up_all(-(-sums_bytes // BANK_BYTES) * 2, own.sum_granule)
    return inputs + sums <= free


def _cost(query: Query, inputs: Size, candidates: Candidates) -> Any:
    """Elements of inputs and weights that are fetched for each output, in single precision."""
    import numpy as np

    single, (height, width, channels) = np.float32, query.output
    depth, h, w = candidates[:3]
    outputs = single(volume(query.output))
    if query.kind == "elementwise":
        return outputs / (h * w * depth).astype(single)
    across, layers = -(-height // h) * -(-width // w), -(-channels // depth)
    part_h, part_w, part_c = (single(size) / values.astype(single) for size, values in zip(query.output, (h, w, depth)))
    taps = query.kernel[0] * query.kernel[1] if query.kind in ("conv", "depthwise") else 0
    weights = (taps * inputs[2] * across).astype(single)
    if query.kind != "depthwise":
        weights = weights * (part_c * depth.astype(single))
    input_area = candidates.input_height * candidates.input_width
    fetched = (input_area * inputs[2] * subkernels(query)).astype(single) * part_w * part_h
    if not _reads_own_channels(query):
        fetched = fetched * layers.astype(single)
    return (fetched + weights) / outputs
