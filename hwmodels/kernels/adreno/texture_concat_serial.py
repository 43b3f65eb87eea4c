"""Concatenations of channels, one slice after the other: TensorFlow Lite 2.10 on Adreno GPUs.

Source: TensorFlow 2.10, lite/delegates/gpu/common/tasks/concat_z.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine
from stairline.hwmodels.kernels.parameters import AtClock

from .work_groups import SLICE


class TextureConcatSerial(NamedTuple):
    """A concatenation of channels in which the work item of a pixel waits for slice after slice (Adreno)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    fill_bytes_per_s: AtClock
    """Rate at which texels read for the first time come from behind the texture caches."""
    store_bytes_per_s: AtClock
    """Rate at which work items write texels."""
    step_s: AtClock
    """Time that a chain of dependent reads waits at each of its steps."""


def texture_concat_serial(work: Work, roof: Roof, p: TextureConcatSerial) -> Cost:
    """A concatenation of channels: a work item per pixel copies one slice after the other."""
    slices = ceil(work.c_out / SLICE)
    texels_bytes = work.n * work.h_out * work.w_out * SLICE * roof.element_bytes
    moved_s = texels_bytes / p.fill_bytes_per_s + texels_bytes / p.store_bytes_per_s
    return combine(roof, memory_s=slices * max(p.step_s, moved_s), overhead_s=p.kernel_s)


MODEL = KernelModel(TextureConcatSerial, texture_concat_serial)
