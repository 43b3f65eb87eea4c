"""Joins and means of TensorFlow Lite 2.10 on Adreno GPUs, whose few work items wait more than they move.

Source: TensorFlow 2.10, lite/delegates/gpu/common/tasks/concat_z.cc and reduce.cc.
"""

from __future__ import annotations

import math

from .base import Cost, Roof, Work, ceil, combine, floor
from .processor_models import WorkGroups
from .work_groups import SLICE

LONGEST_SIDE = 16.0
"""Work items along each side of the group that reduces a map, at most; a power of two."""
LEAST_GROUP = 64.0
"""Work items below which no group shares a map: one work item then reads all of it."""


def texture_concat_rounds(work: Work, roof: Roof, p: WorkGroups) -> Cost:
    """A concatenation of channels: a work item per pixel copies one slice after the other."""
    slices = ceil(work.c_out / SLICE)
    texels_bytes = work.n * work.h_out * work.w_out * SLICE * roof.element_bytes
    moved_s = texels_bytes / p.fill_bytes_per_s + texels_bytes / p.store_bytes_per_s
    return combine(roof, 0.0, 0.0, slices * max(p.step_s, moved_s), 0.0, 0.0, p.kernel_s)


def texture_reduce(work: Work, roof: Roof, p: WorkGroups) -> Cost:
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
    return combine(roof, 0.0, 0.0, rounds * waits * p.step_s + read_s, 0.0, 0.0, p.kernel_s)


def _side(size: float) -> float:
    """The largest power of two within ``size``, at most ``LONGEST_SIDE``."""
    return float(min(LONGEST_SIDE, 2.0 ** floor(math.log2(size))))
