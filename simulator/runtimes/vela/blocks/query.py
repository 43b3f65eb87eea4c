"""What the search for an operator's block is given, and what it finds. Sizes are (height, width, channels)."""

from __future__ import annotations

from typing import Literal, NamedTuple

Size = tuple[int, int, int]
Kind = Literal["conv", "depthwise", "dense", "rows", "pool", "copy", "reduction", "elementwise", "matmul", "turned"]
"""A product of one row is "dense", one of many rows "rows"; the latter gets the blocks of a convolution."""

SUBKERNEL = 8
"""Largest side of a kernel that runs in one piece."""


class Query(NamedTuple):
    """An operator for which a block is searched: sizes of its maps in elements, of its kernel in taps."""

    kind: Kind
    first: Size
    output: Size
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    second: Size | None = None
    """Second operand of an element-wise operator."""
    table: bool = False
    """Whether an activation is fused that looks up a table of 2 KB."""
    element_bytes: int = 1
    macs: int = 128
    """Size of the engine: its products of 8-bit numbers in a cycle, by which Arm names it."""
    upscale: int = 1
    """How many times as many rows and columns the engine sees as the input has, zeros between them."""


class Block(NamedTuple):
    """The piece of an operator that the engine works on at one time, sizes in elements."""

    output: Size
    first: Size
    """The piece of the input that the output needs."""
    unit: Size
    """Output elements that the multipliers work on in one step."""
    kernel_first: bool = False
    """Whether the engine goes through several taps of few input channels before it takes further channels."""


def volume(size: Size) -> int:
    """Number of elements of a map."""
    return size[0] * size[1] * size[2]


def round_up(value: int, granule: int) -> int:
    """``value`` rounded up to a multiple of ``granule``."""
    return -(-value // granule) * granule


def round_down(value: int, granule: int) -> int:
    """``value`` rounded down to a multiple of ``granule``."""
    return value // granule * granule


def reach(kernel: int, dilation: int) -> int:
    """Input elements between the first and last tap of a kernel, both counted."""
    return (kernel - 1) * dilation + 1


def sums_widely(query: Query) -> bool:
    """Whether sums take more than 32 bits: products of 16-bit elements that are added up and scaled."""
    return query.element_bytes == 2 and query.kind in ("conv", "rows", "dense", "depthwise")


def larger_input(query: Query) -> Size:
    """The operand with more elements."""
    return query.second if query.second and volume(query.second) > volume(query.first) else query.first
