"""Measured networks as arrays: planned once, then priced at other rates as often as a fit asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import CrossingCost, Machine, Rule
from stairline.hwmodels.residual import Residual
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Plan, require_models
from stairline.simulator.pricing.batch import CHUNK_NETWORKS, collector_paused, price
from stairline.simulator.pricing.predict import transfers
from stairline.simulator.pricing.prediction import HOST_IO
from stairline.simulator.pricing.residual import corrections
from stairline.simulator.walk import plan

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]

MODEL_SIGMA = 0.02
"""Relative error that the structure of a hardware model leaves even where the measurement is exact."""
PART_SIGMA = 0.2
"""The same of a single operator or block beside networks: run again and again it finds its data in nearer caches."""


class Observation(NamedTuple):
    """A measured latency of a network at a precision, in seconds. ``sigma`` is its relative standard deviation."""

    graph: Graph
    dtype: str
    latency_s: float
    sigma: float = MODEL_SIGMA
    operators_only: bool = False
    """True where transfer and per-inference cost are not in the measurement (the paper's single operators, blocks)."""
    family: str = ""
    """Of networks that are much alike; empty for what is no whole network."""


class Slot(NamedTuple):
    """Where a kernel's rule comes from: an operator of the fitted platform, or one that stays, as a fallback's does."""

    dtype: str
    op: str
    rule_name: str
    """The name of the operator's rule: another one than the operator's where a platform has it for groups."""
    fixed: Rule | None

    @property
    def label(self) -> str:
        """The operator, and where it runs if that is elsewhere."""
        return self.op if self.fixed is None else f"{self.op} on {self.fixed.processor}"

    @property
    def element_bytes(self) -> float:
        """Storage of one tensor element; a fallback has a precision of its own."""
        return float(ELEMENT_BYTES[self.dtype]) if self.fixed is None else self.fixed.roof.element_bytes


@dataclass(frozen=True, eq=False)
class Measured:
    """Observations as arrays: a row per network, and the kernels of all, those that are equal held once."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    dtypes: tuple[str, ...]
    observed_s: Vector
    sigma: Vector
    moved: Vector
    """(networks, 5): what multiplies the platform's costs outside the kernels, in the order of ``_costs``."""
    sizes: Indices
    """Kernels of each network."""
    kernels: Indices
    """The kernels of one network after the other, as rows of ``works``."""
    works: Vector
    """(different kernels, fields of Work)."""
    rows: Indices
    """The slot of each row of ``works``."""
    slots: tuple[Slot, ...]

    def __len__(self) -> int:
        """Number of observations."""
        return len(self.names)

    def only(self, chosen: Indices) -> Measured:
        """The observations at the given indices, each once, in their order here."""
        kept = np.zeros(len(self), dtype=bool)
        kept[chosen] = True
        used, kernels = np.unique(self.kernels[np.repeat(kept, self.sizes)], return_inverse=True)
        order = np.flatnonzero(kept)
        return replace(
            self,
            names=tuple(self.names[i] for i in order),
            families=tuple(self.families[i] for i in order),
            dtypes=tuple(self.dtypes[i] for i in order),
            observed_s=self.observed_s[kept],
            sigma=self.sigma[kept],
            moved=self.moved[kept],
            sizes=self.sizes[kept],
            kernels=kernels,
            works=self.works[used],
            rows=self.rows[used],
        )

    def latencies_s(self, platform: Platform) -> Vector:
        """What the platform predicts for every observation, in seconds; it may differ in numbers only."""
        return self.totals_s(self.kernels_s(platform)) + self.outside_s(platform)

    def kernels_s(self, platform: Platform) -> Vector:
        """What the platform predicts for every kernel, in the order of ``kernels``, in seconds."""
        different_s = self.different_s(platform)
        if platform.residual is not None:
            different_s = different_s * self.corrections(platform.residual, different_s)
        return different_s[self.kernels]

    def different_s(self, platform: Platform) -> Vector:
        """What the models alone give for each different kernel, in the order of ``works``, in seconds."""
        used, rows = np.unique(self.rows, return_inverse=True)
        slots = [self.slots[i] for i in used]
        return price(self.works, rows, [s.fixed or platform.machine(s.dtype).rules[s.rule_name] for s in slots])

    def corrections(self, residual: Residual, different_s: Vector) -> Vector:
        """What a residual multiplies the time of each different kernel by; those of a fallback it leaves alone."""
        return corrections(residual, self.own_operators, self.works, different_s, self.element_bytes)

    @property
    def operators(self) -> list[str]:
        """The operator of each different kernel."""
        return [self.slots[row].op for row in self.rows]

    @property
    def own_operators(self) -> list[str]:
        """The same; an empty text for those of a fallback."""
        return ["" if self.slots[row].fixed else self.slots[row].op for row in self.rows]

    @property
    def element_bytes(self) -> Vector:
        """Storage of one tensor element of each different kernel."""
        return np.array([slot.element_bytes for slot in self.slots])[self.rows]

    def totals_s(self, kernels_s: Vector) -> Vector:
        """The time of each observation's kernels, from that of every kernel in the order of ``kernels``."""
        own_s, starts = np.append(kernels_s, 0.0), np.cumsum(self.sizes) - self.sizes
        return np.where(self.sizes > 0, np.add.reduceat(own_s, starts), 0.0)

    def outside_s(self, platform: Platform) -> Vector:
        """What each observation takes outside its kernels."""
        costs = {dtype: _costs(platform.machine(dtype)) for dtype in dict.fromkeys(self.dtypes)}
        return np.asarray(np.sum(self.moved * np.array([costs[dtype] for dtype in self.dtypes]), axis=1))

    def log_errors(self, platform: Platform) -> Vector:
        """log(predicted / observed) of every observation: the residual that fits and scores share."""
        return np.log(self.latencies_s(platform)) - np.log(self.observed_s)


def prepare(platform: Platform, observations: Iterable[Observation]) -> Measured:
    """Plan every observation on the platform. Graphs and plans are dropped as soon as their kernels are known.

    Raises ValueError without observations, or when one of them is not positive and finite; UnknownOperatorError when
    an operator has no model.
    """
    index = _Index({}, {})
    with collector_paused():
        parts = [_part(chunk, platform, index) for chunk in _chunks(observations)]
    if not parts:
        raise ValueError("nothing to fit: no observations")
    seen = [o for part in parts for o in part.seen]
    return Measured(
        names=tuple(o.name for o in seen),
        families=tuple(o.family for o in seen),
        dtypes=tuple(o.dtype for o in seen),
        observed_s=np.array([o.latency_s for o in seen]),
        sigma=np.array([o.sigma for o in seen]),
        moved=np.concatenate([part.moved for part in parts]),
        sizes=np.concatenate([part.sizes for part in parts]),
        kernels=np.concatenate([part.kernels for part in parts]),
        works=np.array([work for _, work in index.kernels], dtype=np.float64).reshape(-1, len(Work._fields)),
        rows=np.array([slot for slot, _ in index.kernels], dtype=np.int64),
        slots=tuple(index.slots),
    )


class _Index(NamedTuple):
    """Slots, and kernels as the slot and the work, each with its position."""

    slots: dict[Slot, int]
    kernels: dict[tuple[int, Work], int]


class _Seen(NamedTuple):
    name: str
    family: str
    dtype: str
    latency_s: float
    sigma: float


class _Part(NamedTuple):
    """The arrays of one chunk of observations."""

    seen: list[_Seen]
    moved: Vector
    sizes: Indices
    kernels: Indices


def _chunks(observations: Iterable[Observation]) -> Iterator[list[Observation]]:
    remaining = iter(observations)
    while chunk := list(islice(remaining, CHUNK_NETWORKS)):
        yield chunk


def _part(chunk: list[Observation], platform: Platform, index: _Index) -> _Part:
    sizes, kernels, moved = [], [], []
    for o in chunk:
        if not 0.0 < o.latency_s < float("inf"):
            raise ValueError(f"observation of '{o.graph.name}': latency {o.latency_s} s must be positive and finite")
        planned = plan(o.graph, platform.machine(o.dtype))
        require_models(planned)
        sizes.append(len(planned.kernels))
        for slot, kernel in zip(_slots(planned), planned.kernels):
            key = index.slots.setdefault(slot, len(index.slots)), kernel.work
            kernels.append(index.kernels.setdefault(key, len(index.kernels)))
        moved.append(_moved(planned, o.operators_only))
    return _Part(
        [_Seen(o.graph.name, o.family, o.dtype, o.latency_s, o.sigma) for o in chunk],
        np.array(moved),
        np.array(sizes, dtype=np.int64),
        np.array(kernels, dtype=np.int64),
    )


def _slots(planned: Plan) -> Iterator[Slot]:
    for k in planned.kernels:
        first = planned.graph.layers[k.layers[0]]
        name = planned.machine.rule_name(first.op, first.attributes.groups)
        # A rule that a schedule has completed is the kernel's own: no other rates reprice it.
        own = k.machine is planned.machine and k.rule is planned.machine.rules.get(name)
        yield Slot(planned.machine.dtype, first.op, name, None if own else k.rule)


def _costs(machine: Machine) -> tuple[float, ...]:
    """What a platform takes outside kernels: per inference, crossing, element crossing, byte crossing, byte of I/O."""
    fixed_s, s_per_element, bytes_per_s = machine.crossing
    io_bytes_per_s = machine.io_bytes_per_s or float("inf")
    return machine.inference_s, fixed_s, s_per_element, 1.0 / bytes_per_s, 1.0 / io_bytes_per_s


def _moved(planned: Plan, operators_only: bool) -> tuple[float, ...]:
    """How often a plan meets each of ``_costs``: its transfers at unit costs, one at a time."""
    host_io = 0.0 if operators_only else _transfers_s(planned, CrossingCost(0.0, 0.0, float("inf")), 1.0)
    if not planned.crossings:
        return float(not operators_only), 0.0, 0.0, 0.0, host_io
    units = (CrossingCost(1.0, 0.0, float("inf")), CrossingCost(0.0, 1.0, float("inf")), CrossingCost(0.0, 0.0, 1.0))
    return float(not operators_only), *(_transfers_s(planned, unit, None) for unit in units), host_io


def _transfers_s(planned: Plan, crossing: CrossingCost, io_bytes_per_s: float | None) -> float:
    has_link = planned.machine.io_bytes_per_s is not None
    machine = replace(planned.machine, crossing=crossing, io_bytes_per_s=io_bytes_per_s if has_link else None)
    moved = transfers(planned._replace(machine=machine))
    return sum(t.latency_s for t in moved if io_bytes_per_s is None or t.ops == (HOST_IO,))
