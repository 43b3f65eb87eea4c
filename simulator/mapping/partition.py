"""Which processor runs each layer, and what crosses between them."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph

from .support import unsupported_reason


class Crossing(NamedTuple):
    """A tensor that moves from one processor to the other; ``after`` is the index of the layer that produced it."""

    tensor: int
    after: int


class Partition(NamedTuple):
    """A machine per layer, the crossings between them, and why layers left the main processor or cannot run."""

    machines: list[Machine]
    crossings: tuple[Crossing, ...]
    fallbacks: tuple[str, ...]
    """One reason per layer that had to leave the processor."""
    unsupported: tuple[str, ...]
    """One reason per layer that no processor runs."""


def partition(graph: Graph, main: Machine, fallback: Machine | None) -> Partition:
    """Place every layer by the platform's rule.

    single_split: the first unsupported operator and all after it go to the fallback. maximal_runs
    and operator_by_operator: each operator by its own support, neighbours staying together. all_or_nothing: there is no
    fallback, so that an operator that is refused stops the network.
    """
    if main.partition_rule == "everything" and not main.support:
        return Partition([main] * len(graph.layers), (), (), ())
    reasons = [unsupported_reason(main, graph, layer) for layer in graph.layers]
    refused = [f"{layer.name}: {reason}" for layer, reason in zip(graph.layers, reasons) if reason]
    if not refused:
        return Partition([main] * len(graph.layers), (), (), ())
    if fallback is None:
        return Partition([main] * len(graph.layers), (), (), tuple(refused))
    leaves = [reason is not None for reason in reasons]
    if main.partition_rule == "single_split":
        first = leaves.index(True)
        leaves = [index >= first for index in range(len(leaves))]
    machines = [fallback if leave else main for leave in leaves]
    unsupported = [
        f"{layer.name}: {reason}"
        for layer, machine in zip(graph.layers, machines)
        if machine is fallback and (reason := unsupported_reason(fallback, graph, layer))
    ]
    return Partition(machines, _crossings(graph, machines), tuple(refused), tuple(unsupported))


def _crossings(graph: Graph, machines: list[Machine]) -> tuple[Crossing, ...]:
    found = []
    for tensor, (source, readers) in enumerate(zip(graph.producer, graph.consumers)):
        if source >= 0 and any(machines[reader] is not machines[source] for reader in readers):
            found.append(Crossing(tensor, source))
    return tuple(found)
