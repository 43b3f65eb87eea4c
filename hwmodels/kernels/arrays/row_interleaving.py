"""Rows of narrow feature maps that share the pixel lanes of a core (VeriSilicon VIP)."""

from __future__ import annotations

from stairline.hwmodels.kernels.base import ceil


def tile_cycles(h: float, w: float, lanes: float, interleave_max: float) -> float:
    """Cycles in which one core applies one group of taps to a whole map of ``h`` x ``w`` output pixels."""
    return ceil(w / lanes) * ceil(h / interleave(w, lanes, interleave_max))


def interleave(w: float, lanes: float, interleave_max: float) -> float:
    """Rows of a tile of width ``w`` that share the lanes: 1, 2, 4 ... as long as they fit side by side."""
    rows = 1.0
    while rows * 2.0 <= interleave_max and rows * 2.0 * w <= lanes:
        rows *= 2.0
    return rows
