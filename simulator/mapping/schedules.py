"""Compilers that schedule a whole network: they order its layers, and weigh its kernels against each other.

A schedule is registered under the name of the placement rule by which platform files ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph

from .plan import Kernel
from .registry import Registry


class Schedule(NamedTuple):
    """The two decisions of a compiler about a whole network."""

    order: Callable[[Graph], Graph]
    """Lowered graph -> the same graph with its layers in order of execution."""
    arrange: Callable[[Graph, Sequence[Kernel], Machine], Sequence[Kernel]]
    """(ordered graph, its kernels, the machine) -> the kernels with what the compiler decides about each."""


SCHEDULES: Registry[Schedule] = Registry()


def in_execution_order(graph: Graph, machine: Machine) -> Graph:
    """The lowered graph in the order in which the platform's compiler runs it; by default the graph's own."""
    schedule = _schedule_of(machine)
    return graph if schedule is None else schedule.order(graph)


def scheduled(graph: Graph, kernels: Sequence[Kernel], machine: Machine) -> tuple[Kernel, ...]:
    """The kernels as the platform's compiler arranges them; by default as they are."""
    schedule = _schedule_of(machine)
    return tuple(kernels if schedule is None else schedule.arrange(graph, kernels, machine))


def _schedule_of(machine: Machine) -> Schedule | None:
    return None if machine.placement_rule is None else SCHEDULES.get(machine.placement_rule)


def is_scheduled(machine: Machine) -> bool:
    """Whether a compiler schedules whole networks for the platform, by its rates among others."""
    return _schedule_of(machine) is not None
