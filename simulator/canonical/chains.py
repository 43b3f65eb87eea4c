"""Chains of operators that a file spells out and the design space has one name for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


class Chain(NamedTuple):
    """The layers that make one operator, by index, the tensor that it reads, and the layer that gives its result."""

    layers: frozenset[int]
    source: int
    last: int


def named(graph: Graph) -> Graph:
    """The network with every chain here by its name; the same object where there is none."""
    return _renamed(_renamed(graph, "layer_norm", _layer_norm), "swish", _swish)


def _renamed(graph: Graph, op: str, chain_at: Callable[[Graph, int], Chain | None]) -> Graph:
    found = filter(None, (chain_at(graph, index) for index in range(len(graph.layers))))
    chains = {chain.last: chain for chain in found}
    if not chains:
        return graph
    builder = GraphBuilder.rewriting(graph)
    dropped, renamed = frozenset().union(*(chain.layers for chain in chains.values())), dict[int, int]()
    for index, layer in enumerate(graph.layers):
        if index in chains:
            source = chains[index].source
            renamed[layer.outputs[0]] = builder.layers(op, [renamed.get(source, source)], NEUTRAL, name=layer.name)[0]
        elif index not in dropped:
            builder.keep(layer, tuple([renamed.get(t, t) for t in layer.inputs]))
    return builder.build(tuple(renamed.get(t, t) for t in graph.outputs))


def _swish(graph: Graph, index: int) -> Chain | None:
    """x * sigmoid(x), which no file format had an operator for.

    A platform whose runtime computes the two one after the other takes them apart again when it lowers the network.
    """
    layer = graph.layers[index]
    if layer.op != "mul" or len(layer.inputs) != 2:
        return None
    for x, gated in (layer.inputs, layer.inputs[::-1]):
        gate = _made_by(graph, gated, "sigmoid")
        if gate >= 0 and graph.layers[gate].inputs == (x,) and _alone(graph, {gate, index}, index):
            return Chain(frozenset({gate, index}), x, index)
    return None


def _layer_norm(graph: Graph, index: int) -> Chain | None:
    """(x - mean) / root of the variance, times gamma, plus beta, in whichever order a converter left it.

    Anchored at the inverse root, whose operand tells x; of what follows, everything made of the above, x and constants
    belongs to it until one tensor is left that others read, and then a product and a sum with constants.
    """
    if graph.layers[index].op != "tflite:RSQRT":
        return None
    summed = _made_by(graph, graph.layers[index].inputs[0], "add")
    variance = _made_by(graph, graph.layers[summed].inputs[0], "mean") if summed >= 0 else -1
    squares = _made_by(graph, graph.layers[variance].inputs[0], _SQUARES) if variance >= 0 else -1
    mean = _made_by(graph, graph.layers[squares].inputs[1], "mean") if squares >= 0 else -1
    if mean < 0 or graph.layers[mean].inputs[0] != (x := graph.layers[squares].inputs[0]):
        return None
    members = {mean, squares, variance, summed, index}
    for last in range(mean + 1, len(graph.layers)):
        if last not in members and _made_of(graph, last, members, x):
            members.add(last)
        whole = graph.tensors[graph.layers[last].outputs[0]].shape == graph.tensors[x].shape
        if last in members and last > index and whole and _alone(graph, members, last):
            break
        if len(members) > _MOST_STEPS:
            return None
    else:
        return None
    for op in ("mul", "add"):
        readers = graph.consumers[graph.layers[last].outputs[0]]
        if len(readers) == 1 and graph.layers[readers[0]].op == op and _made_of(graph, readers[0], {last}, -1):
            members.add(last := readers[0])
    return Chain(frozenset(members), x, last)


_SQUARES = "tflite:SQUARED_DIFFERENCE"
_MOST_STEPS = 12
"""Of a normalisation, as converters are known to write it."""


def _made_of(graph: Graph, index: int, members: set[int], x: int) -> bool:
    """Whether a layer is a product, sum or negation of what members make, x and constants."""
    layer = graph.layers[index]
    made = [t for t in layer.inputs if graph.producer[t] in members]
    others = [t for t in layer.inputs if t not in made and t != x and not graph.tensors[t].constant]
    return layer.op in ("mul", "add", "sub", "tflite:NEG") and bool(made) and not others


def _made_by(graph: Graph, tensor: int, op: str) -> int:
    """Index of the layer that makes the tensor if it is that operator, or -1."""
    source = graph.producer[tensor]
    return source if source >= 0 and graph.layers[source].op == op else -1


def _alone(graph: Graph, members: set[int], last: int) -> bool:
    """Whether nobody outside reads what the members make, but for the last one's."""
    inner = [t for i in members if i != last for t in graph.layers[i].outputs]
    return all(t not in graph.outputs and all(reader in members for reader in graph.consumers[t]) for t in inner)
