"""From graph to kernels: everything about a prediction that depends on structure and not on rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels import load
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine, Rule
from stairline.simulator.graph.graph import Graph
from stairline.simulator.runtimes.vela.order import depth_first
from stairline.simulator.runtimes.vela.schedule import schedule

from .fusion import fuse
from .lowering import lower
from .partition import Crossing, partition
from .placement import place
from .rule_names import verify_names
from .work import work_of

VELA = "vela"
"""The placement rule of a compiler that orders, cuts and places a whole network."""


class UnknownOperatorError(ValueError):
    """A network holds operators that no model of the platform covers."""


class Kernel(NamedTuple):
    """Layers that run as one: indices into the lowered graph, the rule they run under, and their work."""

    layers: tuple[int, ...]
    machine: Machine
    rule: Rule | None
    """None where the platform has no model for the operator."""
    work: Work


class Plan(NamedTuple):
    """Everything about a prediction that does not depend on rates: what runs where, as which kernels."""

    graph: Graph
    machine: Machine
    kernels: tuple[Kernel, ...]
    crossings: tuple[Crossing, ...]
    fallbacks: tuple[str, ...]
    dead_ends: tuple[str, ...]


def plan(graph: Graph, machine: Machine) -> Plan:
    """Lower, partition, fuse and place a network. Raises PlatformError when the fallback platform does not exist."""
    verify_names(machine)
    lowered = lower(graph, machine)
    if machine.placement_rule == VELA:
        lowered = depth_first(lowered)
    placed_on = partition(lowered, machine, _fallback_machine(machine))
    groups = fuse(lowered, placed_on.machines)
    placement = place(lowered, groups, placed_on.machines, machine)
    kernels = []
    for group, streamed in zip(groups, placement.streamed_elements):
        runs_on = placed_on.machines[group[0]]
        rule = runs_on.rules.get(lowered.layers[group[0]].op)
        kernels.append(Kernel(tuple(group), runs_on, rule, work_of(lowered, group, streamed)))
    return Plan(
        lowered,
        machine,
        scheduled(lowered, kernels, machine),
        placed_on.crossings,
        placed_on.fallbacks,
        placed_on.dead_ends + placement.dead_ends,
    )


def require_models(planned: Plan) -> None:
    """Raise UnknownOperatorError naming the first kernel of a plan that no model covers."""
    for kernel in planned.kernels:
        if kernel.rule is None:
            layer = planned.graph.layers[kernel.layers[0]]
            raise UnknownOperatorError(
                f"{planned.graph.name}: layer '{layer.name}': no model for operator '{layer.op}' on "
                f"{kernel.machine.name}; allow_unknown (--allow-unknown) gives a lower bound without it"
            )


def rebind(planned: Plan, machine: Machine) -> Plan:
    """The same plan at other rates: ``machine`` differs from the plan's own in numbers only, not in rules."""
    kernels = tuple(
        k._replace(machine=machine, rule=machine.rules.get(planned.graph.layers[k.layers[0]].op))
        if k.machine is planned.machine
        else k
        for k in planned.kernels
    )
    return planned._replace(machine=machine, kernels=scheduled(planned.graph, kernels, machine))


def scheduled(graph: Graph, kernels: Sequence[Kernel], machine: Machine) -> tuple[Kernel, ...]:
    """Kernels as the platform's compiler arranges them, where it is one that weighs rates against each other."""
    if machine.placement_rule != VELA:
        return tuple(kernels)
    return tuple(schedule(graph, kernels, machine.capacity_bytes))


def _fallback_machine(machine: Machine) -> Machine | None:
    if machine.fallback is None:
        return None
    platform = load(machine.fallback)
    return platform.machine(machine.dtype if machine.dtype in platform.dtypes else None)
