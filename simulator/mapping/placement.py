"""Which parameters and tensors live on chip, and what follows when they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import OPS

from .registry import Registry


class Placement(NamedTuple):
    """Parameters streamed per group of layers, in elements, and the reasons why a network cannot run at all."""

    streamed_elements: list[int]
    unsupported: tuple[str, ...] = ()


PlacementRule = Callable[[Graph, list[list[int]], list[Machine], Machine], Placement]
"""(lowered graph, groups of fused layers, machine of each layer, main machine) -> what is streamed or too large.

A rule decides about the kernels of the main machine, whose memory it knows."""

PLACEMENTS: Registry[PlacementRule] = Registry()


class Need(NamedTuple):
    """Bytes of main memory that a layer takes: those that it keeps between inferences, and those while it runs."""

    kept_bytes: int
    working_bytes: int


Needs = Callable[[Graph, list[Machine], Machine], list[Need]]
"""(lowered graph, machine of each layer, main machine) -> what each layer needs of the machine's ``main_bytes``."""

LOCAL_NEEDS: Registry[Needs] = Registry()
"""By the name of a placement rule: what its layers need, where the rule streams nothing and decides kernel by kernel.

Such a rule refuses a network as a whole only by ``network_bytes`` of its needs."""


def network_bytes(needs: list[Need]) -> int:
    """What a network needs of main memory: all that its layers keep, and the most that one takes while it runs."""
    return sum(need.kept_bytes for need in needs) + max((need.working_bytes for need in needs), default=0)


def placement_rule(rule: PlacementRule) -> PlacementRule:
    """Register a rule under its name, for platform files to refer to."""
    PLACEMENTS.register(rule.__name__, rule)
    return rule


def place(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Placement:
    """Apply the platform's placement rule to its kernels; without a rule nothing is streamed and everything fits."""
    if main.placement_rule is None:
        return nothing_streamed(groups)
    return PLACEMENTS[main.placement_rule](graph, groups, machines, main)


def nothing_streamed(groups: list[list[int]]) -> Placement:
    """The placement in which all parameters are where their kernels read them."""
    return Placement([0] * len(groups))


@placement_rule
def last_level_cache(graph: Graph, groups: list[list[int]], _machines: list[Machine], main: Machine) -> Placement:
    """Parameters and maps that exceed ``capacity_bytes`` push parameters out of the cache between two inferences.

    A share of every kernel's parameters is streamed, which grows with the excess: all of them where a network takes
    twice the capacity.
    """
    needs = [sum(weight_elements(graph, graph.layers[i]) for i in group) for group in groups]
    written = sum(prod(graph.tensors[graph.layers[group[-1]].outputs[0]].shape) for group in groups)
    share = min(max((sum(needs) + written) * main.element_bytes / main.capacity_bytes - 1.0, 0.0), 1.0)
    return Placement([round(share * elements) for elements in needs])


def weight_elements(graph: Graph, layer: Layer) -> int:
    """Parameters of a layer, in elements."""
    spec = OPS.get(layer.op)
    return 0 if spec is None else spec.weights(graph.shapes(layer.inputs), layer.attributes)
