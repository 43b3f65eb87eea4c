"""How far a network lies from those that a platform was calibrated on.

A profile says where a network's time goes: the share of each kind of kernel, the mean sizes of its kernels weighted by
their time, and how many there are. The unit of distance is a quarter of the time spent on another kind of kernel, mean
sizes four times as large, or twice as many kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels.domain import SIZES, Domain
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine
from stairline.simulator.mapping.plan import Plan

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]

_PER_SHARE, _PER_OCTAVE = 4.0, 0.5


def kind(op: str, kernel: float) -> str:
    """The kind of a kernel: its operator, and of a convolution the larger side of its filters."""
    return f"{op} {kernel:.0f}x{kernel:.0f}" if op in ("conv2d", "dwconv2d") else op


def profiles(codes: Indices, kinds: int, works: Vector, seconds: Vector, network: Indices) -> Vector:
    """The profiles of networks, an array (networks, kinds + 1 + sizes), from the kernels of all of them.

    ``codes`` are the indices of the kernels' kinds (``kinds`` for every other kind), ``works`` the kernels' works, an
    array (kernels, fields of Work), ``seconds`` their times, and ``network`` the index of each kernel's network, in
    ascending order.
    """
    count = int(network[-1]) + 1
    total_s = np.bincount(network, seconds, minlength=count)
    share = seconds / np.maximum(total_s, 1e-30)[network]
    shares = np.bincount(network * (kinds + 1) + codes, share, minlength=count * (kinds + 1))
    w = dict(zip(Work._fields, works.T))
    sizes = (w["c_in"], w["c_out"], w["n"] * w["h_out"] * w["w_out"])
    means = [np.bincount(network, share * np.log2(np.maximum(s, 1.0)), minlength=count) for s in sizes]
    many = np.log2(np.bincount(network, minlength=count))
    return np.column_stack([_PER_SHARE * shares.reshape(count, -1), *(_PER_OCTAVE * m for m in means), many])


def distances(found: Vector, references: Vector) -> Vector:
    """The distance from each profile to the nearest of the references, an array (profiles,)."""
    nearest = np.full(len(found), np.inf)
    for reference in references:
        nearest = np.minimum(nearest, np.sum((found - reference) ** 2, axis=1))
    return np.asarray(np.sqrt(nearest))


class Place(NamedTuple):
    """Where a network lies beside the calibrated ones."""

    unlikeness: float
    """How much of ``unlike_factor`` its interval takes: 0 is as wide as ``factor``, 1 as wide as ``unlike_factor``."""
    extrapolates_in: str
    """The quantity in which it differs most from the nearest calibrated network; empty where that one is near."""


def place(planned: Plan, domain: Domain, seconds: Sequence[float]) -> Place:
    """Place a plan beside the calibrated networks; ``seconds`` are the times of its modelled kernels."""
    kernels = [k for k in planned.kernels if k.rule is not None]
    works = np.array([k.work for k in kernels], dtype=np.float64)
    places, others = {name: code for code, name in enumerate(domain.kinds)}, len(domain.kinds)
    kinds = (kind(planned.graph.layers[k.layers[0]].op, max(k.work.kernel_h, k.work.kernel_w)) for k in kernels)
    codes = np.array([places.get(name, others) for name in kinds])
    own = profiles(codes, others, works, np.array(seconds), np.zeros(len(kernels), dtype=np.int64))
    references = _references(planned.machine)
    away = distances(own, references)
    share = float(unlikeness(domain, away)[0])
    if away[0] <= domain.reach:
        return Place(share, "")
    apart = np.abs(references - own)
    nearest = apart[np.argmin(np.sum(apart**2, axis=1))]
    return Place(share, _axis(domain, int(np.argmax(nearest))))


def unlikeness(domain: Domain, away: Vector) -> Vector:
    """(networks,): how much of ``unlike_factor`` an interval takes, at these distances from the nearest profile."""
    if domain.near is None:
        return np.asarray((away > domain.reach) * 1.0)
    return np.clip((away - domain.near) / (domain.reach - domain.near), 0.0, 1.0)


def _axis(domain: Domain, place: int) -> str:
    if place < len(domain.kinds):
        return f"share of time in {domain.kinds[place]}"
    if place == len(domain.kinds):
        return "share of time in kinds of kernels that were not calibrated"
    size = SIZES[place - len(domain.kinds) - 1]
    return "number of kernels" if size == "kernels" else f"mean {size}"


@lru_cache(maxsize=16)
def _references(machine: Machine) -> Vector:
    assert machine.domain is not None
    return np.array(machine.domain.profiles)
