"""Networks with weights on one platform, priced at any of its numbers: planned once where these are rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform, derive, quantities
from stairline.hwmodels.arrays import machine_at
from stairline.hwmodels.files.changes import Value
from stairline.hwmodels.files.derived import cycles_kept
from stairline.hwmodels.platform import Machine
from stairline.hwmodels.quantities import without_dtype
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.schedules import is_scheduled
from stairline.simulator.pricing.arrays import PlannedNetworks, Request, Vector, plan_networks
from stairline.simulator.pricing.points import Priced, priced_at
from stairline.simulator.pricing.precision import precision
from stairline.simulator.walk import fallback_machine, require_rules

from .points import Points

_RATES = ("_hz", "bytes_per_s", "_per_cycle", "_s", "_s_per_element", "efficiency", "_w", "overlap", "factor")
"""Endings of keys that no plan depends on: rates, and times of what is done."""


Numbered = Iterable[tuple[int, Vector]]
Track = Callable[[Numbered, int], Numbered]


def untracked(items: Numbered, _total: int) -> Numbered:
    """The items as they are, their progress not shown."""
    return items


class Outcomes(NamedTuple):
    """What becomes of the networks of a suite at points. Times in seconds, energies in joules."""

    latency_s: Vector
    """(points, networks)"""
    energy_j: Vector
    """(points, networks): not a number where the power of a processor that runs some layers is not known."""
    limited_s: Vector
    """(points, networks, LIMITS): the time in kernels under each bound, in transfers, and per inference."""
    runs: Vector
    """(points, networks): 1 where the network runs, 0 where the platform cannot run it and the time is hypothetical."""


@dataclass(frozen=True, eq=False)
class Suite:
    """Networks, each at a precision and with a weight, on a platform without residual."""

    platform: Platform
    graphs: tuple[Graph, ...]
    names: tuple[str, ...]
    weights: tuple[float, ...]
    dtype: str | None = None
    """The precision of all networks; None for what ``precision`` finds for each."""

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """The networks, each at its precision."""
        return tuple(Request(graph, precision(graph, self.platform, self.dtype)) for graph in self.graphs)

    @cached_property
    def planned(self) -> PlannedNetworks:
        """The networks planned on the platform as it is."""
        return plan_networks(self.platform, self.requests)

    @cached_property
    def base(self) -> Outcomes:
        """What becomes of the networks on the platform as it is: a single point."""
        return self.at(Points((), np.empty((1, 0))))

    def mean(self, of_networks: Vector) -> Vector:
        """(points, ...): the weighted mean over networks of a quantity (points, networks, ...)."""
        return np.average(of_networks, axis=1, weights=self.weights)

    def latency_s(self, points: Points) -> Vector:
        """(points,): the weighted mean latency of the networks."""
        return self.mean(self.at(points).latency_s)

    def replans(self, key: str) -> bool:
        """Whether another value of a number may change the plan, so that networks are planned anew for it."""
        if self._is_scheduled:
            return True
        name, prices_alone = without_dtype(key), ("roofs.", "overheads.", "power.", "uncertainty.")
        return not name.startswith(prices_alone) and not name.endswith(_RATES)

    @cached_property
    def _is_scheduled(self) -> bool:
        machine = self.platform.machine(self.requests[0].dtype)
        require_rules(machine)
        return is_scheduled(machine)

    def at(self, points: Points, track: Track = untracked) -> Outcomes:
        """The networks at points, whose values are taken as they are; see ``refuse_invalid``.

        Where only rates change, the networks are planned once; otherwise once for each combination of the others, which
        ``track`` may show the progress of: it takes these and their number, and gives them back one by one.
        """
        replanning = [i for i, key in enumerate(points.keys) if self._replans_at(key, points.values[:, i])]
        if not replanning:
            return _outcomes(self.platform, self.planned, self._machines(points), len(points))
        rates = [i for i in range(len(points.keys)) if i not in replanning]
        combinations, rows = np.unique(points.values[:, replanning], axis=0, return_inverse=True)
        found = [
            self._planned_anew(
                {points.keys[i]: value for i, value in zip(replanning, combination.tolist())},
                Points(tuple(points.keys[i] for i in rates), points.values[rows.reshape(-1) == number][:, rates]),
            )
            for number, combination in track(enumerate(combinations), len(combinations))
        ]
        order = np.argsort(np.argsort(rows.reshape(-1), kind="stable"), kind="stable")
        return Outcomes(*(np.concatenate(parts)[order] for parts in zip(*found)))

    def _replans_at(self, key: str, values: Vector) -> bool:
        """A number that becomes 0, or is 0, may stand for a mechanism that is not there."""
        present = next(q.value for name, q in quantities(self.platform.file) if name == key)
        return self.replans(key) or (
            key.startswith(("kernels.", "shared.")) and bool(np.any((values == 0.0) != (present == 0.0)))
        )

    def _planned_anew(self, values: Mapping[str, float], rates: Points) -> Outcomes:
        """The networks on the platform with these values, at points of other rates."""
        platform = derive(self.platform, [Value(key, value) for key, value in values.items()])
        other = Suite(platform, self.graphs, self.names, self.weights, self.dtype)
        return _outcomes(platform, other.planned, other._machines(rates), len(rates))

    def refuse_invalid(self, points: Points) -> None:
        """Raises PlatformError for a value that its key does not allow, and for numbers that contradict each other.

        What a key allows is an interval, so the platform is derived where all are least and where all are greatest;
        where networks are planned anew, it is derived for each point in any case.
        """
        if not points.keys:
            return
        for ends in (points.values.min(axis=0), points.values.max(axis=0)):
            derive(self.platform, [Value(key, value) for key, value in zip(points.keys, ends.tolist())])

    def _machines(self, points: Points) -> dict[str, Machine]:
        """The machine at each precision, with arrays in the place of what the points change."""
        values = _with_cycles(self.platform, points)
        return {dtype: machine_at(self.platform, dtype, values) for dtype in {r.dtype for r in self.requests}}


def _with_cycles(platform: Platform, points: Points) -> dict[str, Vector]:
    """The values of the points by key, with what their clocks make of the numbers that are cycles."""
    own = {key: points.values[:, i] for i, key in enumerate(points.keys)}
    clocks = [i for i, key in enumerate(points.keys) if key.startswith("platform.clock_hz")]
    if not clocks:
        return own
    distinct, rows = np.unique(points.values[:, clocks], axis=0, return_inverse=True)
    stated = dict(zip(points.keys, points.values[0].tolist()))
    each = [
        cycles_kept(platform, stated | {points.keys[i]: value for i, value in zip(clocks, at.tolist())})
        for at in distinct
    ]
    scaled = each[0].keys() - own.keys()
    return own | {key: np.array([found[key] for found in each])[rows.reshape(-1)] for key in scaled}


def _outcomes(platform: Platform, planned: PlannedNetworks, machines: Mapping[str, Machine], points: int) -> Outcomes:
    priced = priced_at(planned, machines, points)
    runs = np.array([status != "cannot_run" for status in planned.statuses], dtype=np.float64)
    return Outcomes(
        priced.latency_s,
        _energy_j(planned, machines, priced, platform),
        priced.limited_s,
        np.tile(runs, (points, 1)),
    )


def _energy_j(planned: PlannedNetworks, machines: Mapping[str, Machine], priced: Priced, platform: Platform) -> Vector:
    """(points, networks): the power of each processor times the time that it runs."""
    found = np.full(priced.latency_s.shape, np.nan)
    for network, dtype in enumerate(planned.dtypes):
        own_w, host = machines[dtype].active_w, fallback_machine(platform.machine(dtype))
        if own_w is None:
            continue
        host_s = priced.host_s[:, network]
        found[:, network] = priced.latency_s[:, network] * own_w
        if np.any(host_s > 0.0):
            host_w = host.active_w if host is not None and host.active_w is not None else np.nan
            found[:, network] += host_s * (host_w - own_w)
    return found
