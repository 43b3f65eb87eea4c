"""Chains of operators that a file format spells out are replaced by the one canonical operator that they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


class Chain(NamedTuple):
    """Layers that together compute one canonical operator; layers and tensors are given by index."""

    layers: frozenset[int]
    source: int
    """The tensor that the chain reads."""
    last: int
    """The layer that writes the chain's result."""


def merge_chains(graph: Graph) -> Graph:
    """Replace each chain that spells out a layer normalisation or a Swish by one layer of that operator.

    A graph without such a chain is returned as the same object.
    """
    return _merged(_merged(graph, "layer_norm", _find_layer_norm), "swish", _find_swish)


def _merged(graph: Graph, op: str, chain_at: Callable[[Graph, int], Chain | None]) -> Graph:
    """The graph with one layer ``op`` in place of each chain that ``chain_at`` finds at a layer index."""
    found = filter(None, (chain_at(graph, index) for index in range(len(graph.layers))))
    chains = {chain.last: chain for chain in found}
    if not chains:
        return graph
    builder = GraphBuilder.rewriting(graph)
    dropped, replaced = frozenset().union(*(chain.layers for chain in chains.values())), dict[int, int]()
    for index, layer in enumerate(graph.layers):
        if index in chains:
            source = chains[index].source
            merged = builder.layers(op, [replaced.get(source, source)], NEUTRAL, name=layer.name)[0]
            replaced[layer.outputs[0]] = merged
        elif index not in dropped:
            builder.keep(layer, tuple([replaced.get(t, t) for t in layer.inputs]))
    return builder.build(tuple(replaced.get(t, t) for t in graph.outputs))


def _find_swish(graph: Graph, index: int) -> Chain | None:
    """The chain x * sigmoid(x) that ends in the given layer: of the formats read here, only newer ONNX names it.

    A platform whose runtime computes the sigmoid and the product one after the other splits them again in lowering.
    """
    layer = graph.layers[index]
    if layer.op != "mul" or len(layer.inputs) != 2:
        return None
    for x, gate in (layer.inputs, layer.inputs[::-1]):
        sigmoid = _producer(graph, gate, "sigmoid")
        if sigmoid >= 0 and graph.layers[sigmoid].inputs == (x,) and _is_private(graph, {sigmoid, index}, index):
            return Chain(frozenset({sigmoid, index}), x, index)
    return None


def _find_layer_norm(graph: Graph, index: int) -> Chain | None:
    """The chain gamma * (x - mean) / sqrt(variance + epsilon) + beta around the given inverse square root, or None.

    Converters order its products and sums differently. The layers before the inverse square root identify x and its
    mean. The layers behind it belong to the chain as long as they combine members, x and constants only, up to the one
    whose result has the shape of x and is all that other layers read; then follow the scale and the shift.
    """
    if graph.layers[index].op != "tflite:RSQRT":
        return None
    shifted = _producer(graph, graph.layers[index].inputs[0], "add")
    variance = _producer(graph, graph.layers[shifted].inputs[0], "mean") if shifted >= 0 else -1
    squares = _producer(graph, graph.layers[variance].inputs[0], _SQUARES) if variance >= 0 else -1
    mean = _producer(graph, graph.layers[squares].inputs[1], "mean") if squares >= 0 else -1
    if mean < 0 or graph.layers[mean].inputs[0] != (x := graph.layers[squares].inputs[0]):
        return None
    members = {mean, squares, variance, shifted, index}
    for last in range(mean + 1, len(graph.layers)):
        if last not in members and _combines(graph, last, members, x):
            members.add(last)
        whole = graph.tensors[graph.layers[last].outputs[0]].shape == graph.tensors[x].shape
        if last in members and last > index and whole and _is_private(graph, members, last):
            break
        if len(members) > _MAX_LAYERS:
            return None
    else:
        return None
    for op in ("mul", "add"):
        readers = graph.consumers[graph.layers[last].outputs[0]]
        if len(readers) == 1 and graph.layers[readers[0]].op == op and _combines(graph, readers[0], {last}, -1):
            members.add(last := readers[0])
    return Chain(frozenset(members), x, last)


_SQUARES = "tflite:SQUARED_DIFFERENCE"
_MAX_LAYERS = 12
"""Number of layers of a normalisation beyond which it is none that a known converter writes."""


def _combines(graph: Graph, index: int, members: set[int], x: int) -> bool:
    """Whether a layer is a product, sum, difference or negation whose operands are members' results, x and constants.

    At least one operand must be a member's result.
    """
    layer = graph.layers[index]
    made = [t for t in layer.inputs if graph.producer[t] in members]
    others = [t for t in layer.inputs if t not in made and t != x and not graph.tensors[t].constant]
    return layer.op in ("mul", "add", "sub", "tflite:NEG") and bool(made) and not others


def _producer(graph: Graph, tensor: int, op: str) -> int:
    """Index of the layer that writes the tensor if that layer's operator is ``op``, else -1."""
    source = graph.producer[tensor]
    return source if source >= 0 and graph.layers[source].op == op else -1


def _is_private(graph: Graph, members: set[int], last: int) -> bool:
    """Whether every tensor that the members write is read by members only, the result of ``last`` excepted."""
    inner = [t for i in members if i != last for t in graph.layers[i].outputs]
    return all(t not in graph.outputs and all(reader in members for reader in graph.consumers[t]) for t in inner)
