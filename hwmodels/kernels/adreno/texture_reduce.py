"""Means over feature maps: TensorFlow Lite 2.10 on Adreno GPUs.

Source: TensorFlow 2.10, lite/delegates/gpu/common/tasks/reduce.cc.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine, floor
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE

LONGEST_SIDE = 16.0
"""Work items along each side of the group that reduces a map, at most; a power of two."""
LEAST_GROUP = 64.0
"""Work items below which no group shares a map: one work item then reads all of it."""


class TextureReduce(NamedTuple):
    """A mean over a map by one group of work items for each slice of four channels (Adreno)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    wave: Count
    """Work items that run in lockstep."""
    units: Count
    """Shader units, each running one wave at a time past its texture pipe."""
    fill_bytes_per_s: AtClock
    """Rate at which texels read for the first time come from behind the texture caches."""
    step_s: AtClock
    """Time that a chain of dependent reads waits at each of its steps."""


def texture_reduce(work: Work, roof: Roof, p: TextureReduce) -> Cost:
    """A mean over a map: a group of work items to a slice, which read their shares and then halve the sums.

    A map too small for a group is read by one work item to a slice.
    """
    slices = work.n * ceil(work.c_out / SLICE)
    across, down = _side(work.w_in), _side(work.h_in)
    if across * down < LEAST_GROUP:
        across, down = 1.0, 1.0
    waits = ceil(work.w_in / across) * ceil(work.h_in / down) + math.log2(across * down)
    rounds = max(1.0, slices * across * down / (p.wave * p.units))
    read_s = slices * work.h_in * work.w_in * SLICE * roof.element_bytes / p.fill_bytes_per_s
    return combine(roof, memory_s=rounds * waits * p.step_s + read_s, overhead_s=p.kernel_s)


def _side(size: float) -> float:
    """The largest power of two within ``size``, at most ``LONGEST_SIDE``."""
    return float(min(LONGEST_SIDE, 2.0 ** floor(math.log2(size))))


MODEL = KernelModel(TextureReduce, texture_reduce)
