"""Samples of weights of 8 bits, which tell how far they compress."""

from __future__ import annotations

from mmap import mmap

PIECES, PIECE_BYTES = 64, 1024
"""Of larger weights, so many pieces of this size stand for all."""


def sampled(data: bytes | mmap, start: int, size: int) -> bytes:
    """All of ``size`` bytes from ``start``, or of many of them pieces from their whole length."""
    if size <= PIECES * PIECE_BYTES:
        return data[start : start + size]
    places = (start + piece * (size // PIECES) for piece in range(PIECES))
    return b"".join(data[place : place + PIECE_BYTES] for place in places)
