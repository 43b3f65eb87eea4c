"""The memories and steps of the Ethos-U85s that limit their blocks.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85.cpp: the table of accelerator configurations,
SetupOfmUBlockToOpTable, SetupOfmUBlockToIfmAuTable and CalcIfmAUSize.
"""

from __future__ import annotations

from typing import NamedTuple

from .query import Kind, Query, Size, sums_widely

LARGEST: Size = (128, 128, 1024)
CHAIN_SLOTS = 6
DEPTH_GRANULE = 16
PIECE_BYTES = 16
"""Bytes of the shallowest piece of the input memory; deeper ones have two and up to four times as many."""
PRODUCTS: frozenset[Kind] = frozenset({"conv", "dense", "rows"})
WINDOWS: frozenset[Kind] = frozenset({"depthwise", "pool", "copy", "turned"})
ELEMENTWISE: frozenset[Kind] = frozenset({"elementwise"})
MATMUL: frozenset[Kind] = frozenset({"matmul"})
REDUCTION: frozenset[Kind] = frozenset({"reduction"})
EVERYTHING = PRODUCTS | WINDOWS | ELEMENTWISE | MATMUL | REDUCTION


class Unit(NamedTuple):
    """A size of output that the multipliers can work on in one step."""

    size: Size
    kinds: tuple[frozenset[Kind], frozenset[Kind]]
    """Operators that can take such steps, on elements of one byte and of two."""
    pieces: tuple[Size, Size, Size]
    """What the input memory is allotted at a time for inputs of growing depth: height, width, times ``PIECE_BYTES``."""
    only_single_pixels: bool = False
    """Whether of the convolutions only those of single pixels, channel by channel, take such steps."""


class Engine(NamedTuple):
    """What differs between the U85s of other sizes. Memories are in bytes."""

    units: tuple[Unit, ...]
    input_bytes: int
    sum_bytes: int
    output_bytes: int
    chain_bytes: int


_NARROW = EVERYTHING - WINDOWS, EVERYTHING
_DEEP = WINDOWS | ELEMENTWISE, PRODUCTS | ELEMENTWISE
_WIDE = PRODUCTS | MATMUL | ELEMENTWISE, PRODUCTS | MATMUL | ELEMENTWISE
_WINDOWED = EVERYTHING - MATMUL, EVERYTHING - MATMUL
_ALL = EVERYTHING, EVERYTHING
_SMALL = (1, 2, 1), (1, 1, 2), (1, 1, 2)
_SQUARE = (2, 2, 1), (1, 2, 2), (1, 1, 4)
_FLAT = (1, 4, 1), (1, 2, 2), (1, 1, 4)
_LARGE = (2, 4, 1), (2, 2, 2), (1, 2, 4)
_LARGEST = (4, 4, 1), (2, 4, 2), (2, 2, 4)

ENGINES = {
    128: Engine((Unit((1, 2, 8), _NARROW, _SMALL), Unit((1, 1, 16), _DEEP, _SMALL, True)), 8192, 8192, 2048, 768),
    256: Engine(
        (Unit((1, 2, 16), _DEEP, _SQUARE, True), Unit((1, 4, 8), _NARROW, _FLAT), Unit((2, 2, 8), _NARROW, _SQUARE)),
        16384,
        16384,
        2048,
        1536,
    ),
    512: Engine((Unit((2, 2, 16), _ALL, _SQUARE), Unit((1, 4, 16), _ALL, _FLAT)), 16384, 32768, 4096, 3072),
    1024: Engine(
        (
            Unit((2, 2, 32), _WIDE, _LARGE),
            Unit((1, 4, 32), _WIDE, ((2, 4, 1), (1, 4, 2), (1, 2, 4))),
            Unit((2, 4, 16), _WINDOWED, _LARGE),
        ),
        16384,
        65536,
        4096,
        6144,
    ),
    2048: Engine(
        (
            Unit((2, 2, 64), _WIDE, _LARGEST),
            Unit((1, 4, 64), _WIDE, ((4, 4, 1), (2, 4, 2), (1, 4, 4))),
            Unit((4, 4, 16), _WINDOWED, _LARGEST),
        ),
        32768,
        131072,
        8192,
        12288,
    ),
}
"""By products of 8-bit numbers in a cycle."""


def sum_bytes(query: Query) -> int:
    """Bytes of one partial sum: 48 bits are kept as 64."""
    return 8 if sums_widely(query) else 4


def input_granule(query: Query, depth: int, unit: Unit) -> Size:
    """Elements that the input memory is allotted at a time, by the ``depth`` of the input that a block reads."""
    taken = depth * query.element_bytes
    height, width, times = unit.pieces[0 if taken <= PIECE_BYTES else 1 if taken <= 2 * PIECE_BYTES else 2]
    return height, width, times * PIECE_BYTES // query.element_bytes


def product_depth(query: Query, unit: Unit, kernel_first: bool) -> int:
    """Input channels that a block of a product or a sum over channels reads at one time."""
    if kernel_first:
        return 16
    return 32 if query.macs <= 256 and unit.size[2] == 16 else 64
