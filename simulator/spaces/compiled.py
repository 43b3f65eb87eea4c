"""A space on a machine: every fragment planned and priced once, then the latency of a network is a sum over its code.

The planning is that of any network. It composes where the kernels of a fragment depend on its situation alone, and that
they do is verified on networks that visit each fragment beside different neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels.platform import Machine
from stairline.simulator.mapping.placement import LOCAL_NEEDS
from stairline.simulator.pricing.batch import collector_paused
from stairline.simulator.pricing.compiled import compiled as compiled_function
from stairline.simulator.walk import fallback_machine, require_rules

from .errors import NotComposableError
from .exploring import Exploration
from .parts import times_s
from .structure import Codes, Structure

Vector = NDArray[np.float64]

VERIFIED_NETWORKS = 64
"""Random networks whose kernels are held against those of the compiled fragments."""


class Found(NamedTuple):
    """What is predicted of networks of a space, each an array (networks,)."""

    latency_s: Vector
    energy_j: Vector
    """Not a number where the power of a processor that runs some layers is not known."""
    status: NDArray[np.str_]
    """The words of a prediction's status: ok, falls_back or cannot_run."""
    macs: Vector
    """Multiply-adds of the networks."""


@dataclass(frozen=True, eq=False)
class CompiledSpace:
    """The latencies of a space's networks on one machine.

    The columns hold a value for each fragment in each situation: the choices of one situation follow one another.
    """

    space: Structure
    machine: Machine
    following: NDArray[np.int64]
    """The row of the first node of the situation that a node leads to, where the choice at its position is added."""
    seconds: Vector
    """Time of the kernels and transfers of each fragment in each state, in seconds."""
    extra_j: Vector
    """Energy beyond the processor's own power times the fragment's time, as the fallback takes it, in joules."""
    leaves: Vector
    """1 where the fallback runs some of the fragment, otherwise 0."""
    refused: Vector
    """1 where no processor of the platform runs some of the fragment, otherwise 0."""
    kept_bytes: Vector
    working_bytes: Vector
    """What the fragment takes of the platform's main memory, between inferences and while it runs."""
    macs: Vector
    """Multiply-adds of the fragment's layers."""

    def latencies_s(self, codes: Codes) -> Vector:
        """(networks,): the latency of each network in seconds. Raises SpaceError for a code that is not the space's."""
        return self.machine.inference_s + self._sum(self.space.valid(codes), self.seconds)

    def predict(self, codes: Codes) -> Found:
        """Latency, energy and status of each network. Raises SpaceError for a code that is not the space's."""
        valid = self.space.valid(codes)
        latency_s = self.latencies_s(valid)
        own_w = np.nan if self.machine.active_w is None else self.machine.active_w
        need = self._sum(valid, self.kept_bytes)
        if self.working_bytes.any():
            need += self._largest(valid, self.working_bytes)
        refused = (self._sum(valid, self.refused) > 0) | (need > self.machine.main_bytes)
        leaves = self._sum(valid, self.leaves) > 0
        return Found(
            latency_s,
            latency_s * own_w + self._sum(valid, self.extra_j),
            np.where(refused, "cannot_run", np.where(leaves, "falls_back", "ok")),
            self._sum(valid, self.macs),
        )

    def _sum(self, codes: Codes, column: Vector) -> Vector:
        found = np.zeros(len(codes))
        if column.any():
            _sums()(codes, self.following, column, found)
        return found

    def _largest(self, codes: Codes, column: Vector) -> Vector:
        found, state = np.zeros(len(codes)), np.zeros(len(codes), dtype=np.int64)
        for choices in codes.T:
            found = np.maximum(found, column[state + choices])
            state = self.following[state + choices]
        return found


@cache
def _sums() -> Any:
    """The compiled sum of a column over the nodes of each network.

    It takes ``codes`` (networks, positions), ``following`` and ``column`` (nodes,), and fills ``found`` (networks,).
    """
    return compiled_function(_sum_over_nodes, f"{numba.__version__}-spaces", "sums")


def _sum_over_nodes(codes: Any, following: Any, column: Any, found: Any) -> None:
    for i in range(codes.shape[0]):
        state, total = 0, 0.0
        for place in range(codes.shape[1]):
            node = state + codes[i, place]
            total += column[node]
            state = following[node]
        found[i] = total


def compiled(space: Structure, machine: Machine) -> CompiledSpace:
    """Plan and price every fragment of a space in every situation.

    Raises NotComposableError where the kernels of a fragment depend on more than its situation, SpaceError where the
    space has too many of them, and UnknownOperatorError when an operator has no kernel model.
    """
    _require_local_rules(machine)
    exploration = Exploration(space, machine)
    with collector_paused():
        exploration.explore()
        for code in space.sample(VERIFIED_NETWORKS, seed=0).tolist():
            exploration.learn(code)
    return _columns(exploration)


def _require_local_rules(machine: Machine) -> None:
    require_rules(machine)
    if machine.placement_rule is not None and machine.placement_rule not in LOCAL_NEEDS:
        raise NotComposableError(
            f"{machine.name}: where parameters live depends on the whole network ({machine.placement_rule})"
        )


def _columns(exploration: Exploration) -> CompiledSpace:
    """The table of a complete exploration: the nodes in order, those of one situation one after the other."""
    nodes = sorted(exploration.parts)
    parts, machine = [exploration.parts[node] for node in nodes], exploration.machine
    row_of = {node: row for row, node in enumerate(nodes)}
    time_s = times_s(parts, machine)
    elsewhere_s = np.array([sum(time_s[run] for run in part.kernels if run.elsewhere) for part in parts])
    return CompiledSpace(
        exploration.space,
        machine,
        np.array([row_of.get(exploration.first_behind(node), 0) for node in nodes], dtype=np.int64),
        np.array([sum((time_s[run] for run in part.kernels), sum(part.moved_s)) for part in parts]),
        np.where(elsewhere_s > 0.0, elsewhere_s * _extra_w(machine), 0.0),
        np.array([float(any(run.elsewhere for run in part.kernels)) for part in parts]),
        np.array([float(part.refused) for part in parts]),
        np.array([float(part.need.kept_bytes) for part in parts]),
        np.array([float(part.need.working_bytes) for part in parts]),
        np.array([part.macs for part in parts]),
    )


def _extra_w(machine: Machine) -> float:
    """By how much the fallback's power exceeds the processor's own, in watts; not a number where one is not known."""
    fallback = fallback_machine(machine)
    if fallback is None or fallback.active_w is None or machine.active_w is None:
        return float("nan")
    return fallback.active_w - machine.active_w
