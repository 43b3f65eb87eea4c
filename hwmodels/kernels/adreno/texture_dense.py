"""Fully connected layers over texels on Adreno GPUs."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, ceil, combine, parameters_s, rows
from stairline.hwmodels.kernels.parameters import AtClock, Count

from .work_groups import SLICE, Launch, lanes_of

DENSE_GROUP = 32.0
"""Output slices of a work group."""
SPLIT = 4.0
"""Work items that share the sum of an output slice."""


class TextureDense(NamedTuple):
    """A fully connected layer over texels, in work groups of a fixed size (Adreno)."""

    kernel_s: float
    """Dispatch cost of one kernel."""
    efficiency: float
    """Sustained share of the compute roof where reads do not limit."""
    wave: Count
    """Work items that run in lockstep."""
    units: Count
    """Shader units, each running one wave at a time past its texture pipe."""
    fetch_bytes_per_s: AtClock
    """Rate at which all texture pipes together deliver texels to the work items."""
    store_bytes_per_s: AtClock
    """Rate at which work items write texels."""
    step_s: AtClock
    """Time that a chain of dependent reads waits at each of its steps."""


def texture_dense(work: Work, roof: Roof, p: TextureDense) -> Cost:
    """A fully connected layer, row by row: four work items share an output slice's sum, in groups of a fixed size."""
    steps = ceil(ceil(work.c_in / SLICE) / SPLIT)
    slices = ceil(work.c_out / SLICE)
    waves = rows(work) * ceil(slices / DENSE_GROUP) * ceil(DENSE_GROUP * SPLIT / p.wave)
    lanes = lanes_of(Launch(DENSE_GROUP, SPLIT, 1.0, waves), p.wave, p.units)
    padded_macs = lanes.issued * (steps * SLICE * SLICE)
    texel_bytes = SLICE * roof.element_bytes
    moved_s = texel_bytes * (lanes.issued * steps / p.fetch_bytes_per_s + lanes.busy / p.store_bytes_per_s)
    return combine(
        roof,
        padded_macs=padded_macs,
        compute_s=padded_macs / (roof.macs_per_s * p.efficiency),
        memory_s=moved_s + steps * p.step_s,
        weights_s=parameters_s(work, roof) + texel_bytes * lanes.issued * (steps * SLICE) / p.fetch_bytes_per_s,
        overhead_s=p.kernel_s,
    )


MODEL = KernelModel(TextureDense, texture_dense)
