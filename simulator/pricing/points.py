"""Planned networks priced at many points: other rates of their platform, as arrays, bound by bound.

A few points are priced by the cost functions as they are; for many, the same functions are compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from stairline.hwmodels.kernels.base import BOUNDS, Cost, KernelModel, Roof, Work
from stairline.hwmodels.kernels.registry import kernel_model
from stairline.hwmodels.platform import Machine

from .arrays import Indices, Outside, PlannedNetworks, Vector, outside_costs_s

LIMITS = (*BOUNDS, "transfer", "per inference")
"""What the time of a network is limited by: the bounds of its kernels, what crosses between processors, fixed costs."""

_COMPILED_FROM = 200_000
"""Number of prices from which loading the compiled cost functions takes less time than it saves."""
_LATENCY = Cost._fields.index("latency_s")
_BOUNDS = [Cost._fields.index(f"{name}_s") for name in BOUNDS]
_CHUNK = 500_000
"""Number of prices held at a time: some 30 MB."""


class Priced(NamedTuple):
    """Networks at points. Times in seconds."""

    limited_s: Vector
    """(points, networks, LIMITS): the time in kernels under each bound, in transfers, and per inference."""
    host_s: Vector
    """(points, networks): the time of kernels on the fallback processor."""

    @property
    def latency_s(self) -> Vector:
        """(points, networks): the latency of each network."""
        return np.asarray(np.sum(self.limited_s, axis=2))


def priced_at(planned: PlannedNetworks, machines: Mapping[str, Machine], points: int) -> Priced:
    """The times of planned networks on machines whose numbers are alone or arrays (points,), by precision."""
    tables, counts = _tables(planned, machines, points), _counts(planned)
    each = max(_CHUNK // max(len(planned.works), 1), 1)
    compiled = points * len(planned.works) >= _COMPILED_FROM and find_spec("numba") is not None
    parts = []
    for start in range(0, points, each):
        costs = _costs(planned, tables.part(slice(start, start + each)), compiled=compiled)
        parts.append(_of_kernels(planned, costs, counts))
    in_kernels, host_s = (np.concatenate(column) for column in zip(*parts))
    return Priced(np.concatenate([in_kernels, _outside_s(planned, machines, points)], axis=2), host_s)


def unique_costs(planned: PlannedNetworks, machines: Mapping[str, Machine], points: int) -> Vector:
    """(points, unique kernels, fields of Cost): what each unique kernel costs, bound by bound."""
    return _costs(planned, _tables(planned, machines, points), compiled=False)


class _Tables(NamedTuple):
    """The rules of all slots at all points."""

    models: tuple[str, ...]
    """(slots,)"""
    roofs: Vector
    """(points, slots, fields of Roof)"""
    parameters: Vector
    """(points, slots, most fields of any model's parameters)"""

    def part(self, points: slice) -> _Tables:
        """The rules at some of the points."""
        return self._replace(roofs=self.roofs[points], parameters=self.parameters[points])


def _tables(planned: PlannedNetworks, machines: Mapping[str, Machine], points: int) -> _Tables:
    rules = [slot.fixed or machines[slot.dtype].rules[slot.rule_name] for slot in planned.slots]
    roofs = np.empty((points, len(rules), len(Roof._fields)))
    parameters = np.zeros((points, len(rules), max((len(rule.parameters) for rule in rules), default=0)))
    for place, rule in enumerate(rules):
        for table, row in ((roofs, rule.roof), (parameters, rule.parameters)):
            for column, value in enumerate(row):
                table[:, place, column] = value
    return _Tables(tuple(rule.model for rule in rules), roofs, parameters)


def _costs(planned: PlannedNetworks, tables: _Tables, *, compiled: bool) -> Vector:
    found = np.empty((len(tables.roofs), len(planned.works), len(Cost._fields)))
    for model in dict.fromkeys(tables.models):
        own = np.array([name == model for name in tables.models])[planned.unique_slots]
        part = np.empty((len(found), np.count_nonzero(own), found.shape[2]))
        price = _compiled(model) if compiled else partial(_one_by_one, kernel_model(model))
        price(planned.works[own], planned.unique_slots[own], tables.roofs, tables.parameters, part)
        found[:, own] = part
    return found


def _compiled(model: str) -> Any:
    from .compiled import kernel_costs

    return kernel_costs(model)


def _one_by_one(
    model: KernelModel, works: Vector, rules: Indices, roofs: Vector, parameters: Vector, found: Vector
) -> None:
    """What ``kernel_costs`` of the compiled functions does, to the same bits."""
    columns = len(model.parameters._fields)
    for i, (work, rule) in enumerate(zip(map(Work._make, works.tolist()), rules.tolist())):
        for point, (roof, row) in enumerate(zip(roofs[:, rule].tolist(), parameters[:, rule, :columns].tolist())):
            found[point, i] = model.cost(work, Roof._make(roof), model.parameters._make(row))


def _counts(planned: PlannedNetworks) -> Vector:
    """(unique kernels, networks): how often each network has each kernel."""
    found = np.zeros((len(planned.works), len(planned)))
    np.add.at(found, (planned.kernels, planned.network_of_kernel), 1.0)
    return found


def _of_kernels(planned: PlannedNetworks, costs: Vector, counts: Vector) -> tuple[Vector, Vector]:
    """(points, networks, bounds) and (points, networks): the time in kernels under each bound, and on the fallback."""
    latency_s = costs[:, :, _LATENCY]
    binding = np.argmax(costs[:, :, _BOUNDS], axis=2)
    limited = [np.where(binding == bound, latency_s, 0.0) @ counts for bound in range(len(BOUNDS))]
    on_host = np.array([slot.on_host for slot in planned.slots])[planned.unique_slots]
    return np.stack(limited, axis=2), np.where(on_host, latency_s, 0.0) @ counts


def _outside_s(planned: PlannedNetworks, machines: Mapping[str, Machine], points: int) -> Vector:
    """(points, networks, 2): what transfers take, and each inference."""
    found = np.zeros((points, len(planned), 2))
    for network, dtype in enumerate(planned.dtypes):
        costs, counts = outside_costs_s(machines[dtype]), Outside._make(planned.outside_counts[network])
        found[:, network, 1] = counts.inferences * costs.inferences
        found[:, network, 0] = sum(count * cost for count, cost in zip(counts[1:], costs[1:]))
    return found
