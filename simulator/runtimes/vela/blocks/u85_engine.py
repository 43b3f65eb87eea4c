"""The memories and steps of the U85-256 that limit its blocks.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85.cpp: the table of accelerator configurations
and FindUBlock.
"""

from __future__ import annotations

from .query import Size

UNITS: tuple[Size, ...] = ((1, 2, 16), (1, 4, 8), (2, 2, 8))
"""Sizes of output that the multipliers can work on in one step."""
LARGEST: Size = (128, 128, 1024)
MACS = 256
INPUT_BYTES = SUM_MEMORY_BYTES = 16384
SUM_BYTES = 4
CHAIN_BYTES, OUTPUT_BYTES = 1536, 2048
CHAIN_SLOTS = 6
DEPTH_GRANULE = 16


def input_granule(depth: int, unit: Size) -> Size:
    """Elements that the input memory is allotted at a time, by the depth in bytes of the input that a block reads."""
    if depth > 32:
        return 1, 1, 64
    if depth > 16:
        return 1, 2, 32
    return (1, 4, 16) if unit == (1, 4, 8) else (2, 2, 16)
