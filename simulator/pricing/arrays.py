"""Many networks as arrays: planned once, then priced at as many other rates as are asked for.

Kernels that are equal are held and priced once. A network is a row of indices into their prices; what it takes outside
its kernels is a row of counts, each times a cost of the platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine, Rule
from stairline.hwmodels.residual import Residual
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Plan, require_models
from stairline.simulator.mapping.work import product_rows
from stairline.simulator.walk import plan

from .batch import CHUNK_NETWORKS, collector_paused, price
from .predict import converted_outputs, status, transfers
from .prediction import CROSSING, HOST_IO
from .residual import corrections

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]


class Request(NamedTuple):
    """A network to plan at a precision."""

    graph: Graph
    dtype: str
    operators_only: bool = False
    """True to leave out the network's inputs and outputs over the host link and the cost per inference."""


class Slot(NamedTuple):
    """Where a kernel's rule comes from: an operator of the platform, or a rule that stays, as that of a fallback."""

    dtype: str
    op: str
    rule_name: str
    """The name of the operator's rule: another one than the operator's where a platform has one for groups."""
    fixed: Rule | None
    """The rule that no other rates of the platform change; None where the platform's own rule prices the kernel."""
    on_host: bool
    """Whether the kernel runs on the fallback processor."""

    @property
    def label(self) -> str:
        """The operator, and where it runs if that is elsewhere."""
        return self.op if self.fixed is None else f"{self.op} on {self.fixed.processor}"

    @property
    def element_bytes(self) -> float:
        """Storage of one tensor element; a fallback has a precision of its own."""
        return float(ELEMENT_BYTES[self.dtype]) if self.fixed is None else self.fixed.roof.element_bytes


class Outside(NamedTuple):
    """What a network takes outside its kernels: how often it meets each cost, or each cost in seconds."""

    inferences: float
    crossings: float
    """Tensors that cross between processors."""
    converted_elements: float
    crossed_bytes: float
    io_bytes: float
    """Bytes of the network's inputs and outputs, where a host link carries them."""


@dataclass(frozen=True, eq=False)
class PlannedNetworks:
    """Networks planned on one platform, as arrays: a row per network, and the kernels of all, equal ones held once."""

    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    """The precision of each network."""
    statuses: tuple[str, ...]
    """The status of each network, in the words of ``Summary.status``."""
    outside_counts: Vector
    """(networks, fields of Outside): how often each network meets each cost outside its kernels."""
    kernel_counts: Indices
    """The number of kernels of each network."""
    kernels: Indices
    """The kernels of one network after the other, as rows of ``works``."""
    works: Vector
    """(unique kernels, fields of Work)."""
    unique_slots: Indices
    """The slot of each unique kernel, as an index into ``slots``."""
    slots: tuple[Slot, ...]

    def __len__(self) -> int:
        """Number of networks."""
        return len(self.names)

    def only(self, kept: NDArray[np.bool_]) -> PlannedNetworks:
        """The networks that ``kept`` (networks,) marks, in their order here."""
        order = np.flatnonzero(kept)
        used, kernels = np.unique(self.kernels[np.repeat(kept, self.kernel_counts)], return_inverse=True)
        return replace(
            self,
            names=tuple(self.names[i] for i in order),
            dtypes=tuple(self.dtypes[i] for i in order),
            statuses=tuple(self.statuses[i] for i in order),
            outside_counts=self.outside_counts[kept],
            kernel_counts=self.kernel_counts[kept],
            kernels=kernels,
            works=self.works[used],
            unique_slots=self.unique_slots[used],
        )

    def latencies_s(self, platform: Platform) -> Vector:
        """(networks,): the predicted latencies in seconds, on a platform that differs from the planned one in numbers
        only.
        """
        return self.totals(self.kernels_s(platform)) + self.outside_s(platform)

    def kernels_s(self, platform: Platform) -> Vector:
        """(kernels,): the predicted time of every kernel in seconds, in the order of ``kernels``."""
        unique_s = self.unique_kernels_s(platform)
        if platform.residual is not None:
            unique_s = unique_s * self.corrections(platform.residual, unique_s)
        return unique_s[self.kernels]

    def unique_kernels_s(self, platform: Platform) -> Vector:
        """(unique kernels,): the time that the models alone give each unique kernel, in seconds."""
        used, rows = np.unique(self.unique_slots, return_inverse=True)
        slots = [self.slots[i] for i in used]
        return price(self.works, rows, [s.fixed or platform.machine(s.dtype).rules[s.rule_name] for s in slots])

    def corrections(self, residual: Residual, unique_s: Vector) -> Vector:
        """(unique kernels,): the factors by which a residual corrects ``unique_s``; 1 for kernels of a fallback."""
        return corrections(residual, self.own_operators, self.works, unique_s, self.element_bytes)

    @property
    def operators(self) -> list[str]:
        """The operator of each unique kernel."""
        return [self.slots[slot].op for slot in self.unique_slots]

    @property
    def own_operators(self) -> list[str]:
        """The operator of each unique kernel that the platform's own rules price; an empty text for the others."""
        return ["" if self.slots[slot].fixed else self.slots[slot].op for slot in self.unique_slots]

    @property
    def element_bytes(self) -> Vector:
        """(unique kernels,): storage of one tensor element of each unique kernel, in bytes."""
        return np.array([slot.element_bytes for slot in self.slots])[self.unique_slots]

    @property
    def network_of_kernel(self) -> Indices:
        """(kernels,): the network that each kernel belongs to, in the order of ``kernels``."""
        return np.repeat(np.arange(len(self)), self.kernel_counts)

    def totals(self, of_kernels: Vector) -> Vector:
        """(networks,): the sum of a value over each network's kernels, given in the order of ``kernels``."""
        padded, starts = np.append(of_kernels, 0.0), np.cumsum(self.kernel_counts) - self.kernel_counts
        return np.where(self.kernel_counts > 0, np.add.reduceat(padded, starts), 0.0)

    def outside_s(self, platform: Platform) -> Vector:
        """(networks,): what each network takes outside its kernels, in seconds."""
        costs = {dtype: outside_costs_s(platform.machine(dtype)) for dtype in dict.fromkeys(self.dtypes)}
        own = np.array([costs[dtype] for dtype in self.dtypes]).reshape(-1, len(Outside._fields))
        return np.asarray(np.sum(self.outside_counts * own, axis=1))


def plan_networks(platform: Platform, requests: Iterable[Request]) -> PlannedNetworks:
    """Plan networks on a platform. Graphs and plans are dropped as soon as their kernels are known.

    Raises UnknownOperatorError when an operator has no model.
    """
    index = _Index({}, {})
    with collector_paused():
        parts = [_part(chunk, platform, index) for chunk in _chunks(requests)]
    return PlannedNetworks(
        names=tuple(name for part in parts for name in part.names),
        dtypes=tuple(dtype for part in parts for dtype in part.dtypes),
        statuses=tuple(status for part in parts for status in part.statuses),
        outside_counts=np.concatenate([np.empty((0, len(Outside._fields))), *(part.outside_counts for part in parts)]),
        kernel_counts=np.concatenate([_NO_INDICES, *(part.kernel_counts for part in parts)]),
        kernels=np.concatenate([_NO_INDICES, *(part.kernels for part in parts)]),
        works=np.array([work for _, work in index.kernels], dtype=np.float64).reshape(-1, len(Work._fields)),
        unique_slots=np.array([slot for slot, _ in index.kernels], dtype=np.int64),
        slots=tuple(index.slots),
    )


_NO_INDICES = np.empty(0, dtype=np.int64)


class _Index(NamedTuple):
    """Slots, and kernels as the slot and the work, each with its position."""

    slots: dict[Slot, int]
    kernels: dict[tuple[int, Work], int]


class _Part(NamedTuple):
    """The arrays of one chunk of networks."""

    names: list[str]
    dtypes: list[str]
    statuses: list[str]
    outside_counts: Vector
    kernel_counts: Indices
    kernels: Indices


def _chunks(requests: Iterable[Request]) -> Iterator[list[Request]]:
    remaining = iter(requests)
    while chunk := list(islice(remaining, CHUNK_NETWORKS)):
        yield chunk


def _part(chunk: list[Request], platform: Platform, index: _Index) -> _Part:
    counts, kernels, outside, statuses = [], [], [], []
    for request in chunk:
        planned = plan(request.graph, platform.machine(request.dtype))
        require_models(planned)
        counts.append(len(planned.kernels))
        statuses.append(status(planned))
        for slot, kernel in zip(_slots(planned), planned.kernels):
            key = index.slots.setdefault(slot, len(index.slots)), kernel.work
            kernels.append(index.kernels.setdefault(key, len(index.kernels)))
        outside.append(_outside_counts(planned, request.operators_only))
    return _Part(
        [request.graph.name for request in chunk],
        [request.dtype for request in chunk],
        statuses,
        np.array(outside),
        np.array(counts, dtype=np.int64),
        np.array(kernels, dtype=np.int64),
    )


def _slots(planned: Plan) -> Iterator[Slot]:
    for k in planned.kernels:
        first = planned.graph.layers[k.layers[0]]
        name = planned.machine.rule_name(first.op, first.attributes.groups, product_rows(planned.graph, first))
        # A rule that a schedule has completed is the kernel's own: no other rates reprice it.
        own = k.machine is planned.machine and k.rule is planned.machine.rules.get(name)
        yield Slot(planned.machine.dtype, first.op, name, None if own else k.rule, k.machine is not planned.machine)


def outside_costs_s(machine: Machine) -> Outside:
    """What a platform takes outside kernels for one inference, crossing, element, byte and byte of the host link."""
    crossing = machine.crossing
    return Outside(
        inferences=machine.inference_s,
        crossings=crossing.fixed_s,
        converted_elements=crossing.s_per_element,
        crossed_bytes=1.0 / crossing.bytes_per_s,
        io_bytes=0.0 if machine.io_bytes_per_s is None else 1.0 / machine.io_bytes_per_s,
    )


def _outside_counts(planned: Plan, operators_only: bool) -> Outside:
    """How often a plan meets each cost outside its kernels."""
    moved = transfers(planned)
    crossed_bytes = [float(t.bytes_moved) for t in moved if t.ops == (CROSSING,)]
    tensors = planned.graph.tensors
    linked = planned.machine.io_bytes_per_s is not None and not operators_only
    handed_out = sum(prod(tensors[t].shape) for t in converted_outputs(planned)) if linked else 0
    return Outside(
        inferences=float(not operators_only),
        crossings=float(len(crossed_bytes)),
        converted_elements=sum(crossed_bytes) / planned.machine.element_bytes + handed_out,
        crossed_bytes=sum(crossed_bytes),
        io_bytes=0.0 if operators_only else sum(float(t.bytes_moved) for t in moved if t.ops == (HOST_IO,)),
    )
