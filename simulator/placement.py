"""Which parameters and tensors live on chip, and what follows when they do not fit."""

from __future__ import annotations

from typing import NamedTuple

from hwmodels.platform import Machine

from .graph import Graph
from .ops import count


class Placement(NamedTuple):
    """Parameters streamed per group of layers, in elements, and the reasons why a network cannot run at all."""

    streamed_elements: list[int]
    dead_ends: tuple[str, ...]


def place(graph: Graph, groups: list[list[int]], machines: list[Machine], main: Machine) -> Placement:
    """Apply the platform's placement rule to its own kernels.

    parameter_cache: parameters get on-chip room in execution order until ``capacity_bytes`` is used up; what comes
    later is streamed in with every inference. feature_map_memory: a layer's inputs and outputs must fit together.
    """
    streamed = [0] * len(groups)
    if main.placement_rule == "parameter_cache":
        room = main.capacity_bytes / main.element_bytes
        for g, group in enumerate(groups):
            if machines[group[0]] is main:
                need = sum(_weights(graph, index) for index in group)
                streamed[g] = 0 if need <= room else need
                room -= need if need <= room else 0
        return Placement(streamed, ())
    return Placement(streamed, ())


def _weights(graph: Graph, index: int) -> int:
    layer = graph.layers[index]
    return count(layer.op, graph.shapes(layer.inputs), graph.shapes(layer.outputs), layer.attributes).weight_elements
