"""Chains of operators that a file spells out and the design space has one name for."""

from __future__ import annotations

from ..attributes import NEUTRAL
from ..builder import GraphBuilder
from ..graph import Graph, Layer


def named_swish(graph: Graph) -> Graph:
    """x * sigmoid(x), which no file format had an operator for, as ``swish``; the same object where there is none.

    A platform whose runtime computes the two one after the other takes them apart again when it lowers the network.
    """
    gates = {index: gate for index, layer in enumerate(graph.layers) if (gate := _swish_gate(graph, layer)) >= 0}
    if not gates:
        return graph
    builder = GraphBuilder.rewriting(graph)
    dropped, renamed = frozenset(gates.values()), dict[int, int]()
    for index, layer in enumerate(graph.layers):
        inputs = tuple([renamed.get(t, t) for t in layer.inputs])
        if index in gates:
            x = graph.layers[gates[index]].inputs[0]
            renamed[layer.outputs[0]] = builder.layers("swish", [renamed.get(x, x)], NEUTRAL, name=layer.name)[0]
        elif index not in dropped:
            builder.keep(layer, inputs)
    return builder.build(tuple(renamed.get(t, t) for t in graph.outputs))


def _swish_gate(graph: Graph, layer: Layer) -> int:
    """Index of the sigmoid that makes this multiplication a swish, or -1."""
    if layer.op != "mul" or len(layer.inputs) != 2:
        return -1
    for x, gated in (layer.inputs, layer.inputs[::-1]):
        source = graph.producer[gated]
        alone = len(graph.consumers[gated]) == 1 and gated not in graph.outputs
        if source >= 0 and alone and graph.layers[source].op == "sigmoid" and graph.layers[source].inputs == (x,):
            return source
    return -1
