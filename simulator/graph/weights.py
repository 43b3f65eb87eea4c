"""Samples of 8-bit weights, from which a compiler's compression ratio is estimated."""

from __future__ import annotations

from mmap import mmap

PIECES, PIECE_BYTES = 64, 1024
"""Number and size of the pieces that are sampled from weights larger than all pieces together."""


def sampled(data: bytes | mmap, start: int, size: int) -> bytes:
    """A sample of the ``size`` bytes of weights at ``start``: all of them, or ``PIECES`` pieces at equal distances."""
    if size <= PIECES * PIECE_BYTES:
        return data[start : start + size]
    places = (start + piece * (size // PIECES) for piece in range(PIECES))
    return b"".join(data[place : place + PIECE_BYTES] for place in places)
