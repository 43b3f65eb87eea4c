"""The walk from a network to its kernels: canonical form, lower, order, partition, fuse, place and schedule.

What only one runtime does is loaded for the first platform that names a rule of it, so that others start without it.
"""

from __future__ import annotations

from functools import lru_cache

from stairline.hwmodels import load
from stairline.hwmodels.platform import Machine
from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.fusion import fuse
from stairline.simulator.mapping.lowering import lower
from stairline.simulator.mapping.partition import partition
from stairline.simulator.mapping.placement import place
from stairline.simulator.mapping.plan import Kernel, Plan
from stairline.simulator.mapping.rule_names import names_are_known, verify_names
from stairline.simulator.mapping.schedules import in_execution_order, scheduled
from stairline.simulator.mapping.work import product_rows, work_of

from .runtimes import register_all


def plan(graph: Graph, machine: Machine) -> Plan:
    """The kernels of ``graph`` on ``machine`` and, where the platform has one, on its fallback.

    Raises PlatformError when the platform names a rule or a fallback platform that does not exist.
    """
    require_rules(machine)
    lowered = in_execution_order(lower(canonical(graph), machine), machine)
    placed_on = partition(lowered, machine, fallback_machine(machine))
    groups = fuse(lowered, placed_on.machines)
    placement = place(lowered, groups, placed_on.machines, machine)
    kernels = []
    for group, streamed in zip(groups, placement.streamed_elements):
        runs_on = placed_on.machines[group[0]]
        first = lowered.layers[group[0]]
        rule = runs_on.rule_for(first.op, first.attributes.groups, product_rows(lowered, first))
        line = int(getattr(rule.parameters, "line_channels", 1)) if rule else 1
        kernels.append(Kernel(tuple(group), runs_on, rule, work_of(lowered, group, streamed, line)))
    return Plan(
        lowered,
        machine,
        scheduled(lowered, kernels, machine),
        placed_on.crossings,
        placed_on.fallbacks,
        placed_on.unsupported + placement.unsupported,
    )


@lru_cache(maxsize=256)
def require_rules(machine: Machine) -> None:
    """Load the rules that the platform names. Raises PlatformError naming the first one that does not exist."""
    if not names_are_known(machine):
        register_all()
        verify_names(machine)


def fallback_machine(machine: Machine) -> Machine | None:
    """The machine of the platform's fallback, at the same precision where it has that; None without a fallback.

    Raises PlatformError when the fallback platform does not exist.
    """
    if machine.fallback is None:
        return None
    platform = load(machine.fallback)
    fallback = platform.machine(machine.dtype if machine.dtype in platform.dtypes else None)
    require_rules(fallback)
    return fallback
