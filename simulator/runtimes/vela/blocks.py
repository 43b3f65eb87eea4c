"""A kernel as the search for its block sees it, and the block that comes out. Sizes are (height, width, channels)."""

from __future__ import annotations

from typing import Literal, NamedTuple

Size = tuple[int, int, int]
Kind = Literal["conv", "depthwise", "dense", "pool", "copy", "reduction", "elementwise", "matmul"]

SUBKERNEL = 8
"""Largest side of a kernel that runs in one piece."""


class Query(NamedTuple):
    """One operator: sizes in elements, the kernel's in taps."""

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


class Block(NamedTuple):
    """What the engine works on at one time."""

    output: Size
    first: Size
    """Piece of the input."""
    unit: Size
    """Output elements that the multipliers work on in one step."""
    kernel_first: bool = False


def volume(size: Size) -> int:
    """Elements of a feature map."""
    return size[0] * size[1] * size[2]


def up(value: int, granule: int) -> int:
    """``value`` rounded up to a multiple of ``granule``."""
    return -(-value // granule) * granule


def down(value: int, granule: int) -> int:
    """``value`` rounded down to a multiple of ``granule``."""
    return value // granule * granule


def reach(kernel: int, dilation: int) -> int:
    """Input elements between the first and last tap of a kernel, both counted."""
    return (kernel - 1) * dilation + 1


def larger_input(query: Query) -> Size:
    """The operand with more elements."""
    return query.second if query.second and volume(query.second) > volume(query.first) else query.first
