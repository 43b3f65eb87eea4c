"""The spelling that a named operator has in its file, for runtimes that run the file as it is."""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import is_canonical

from .found import Found, plain


def spelling(graph: Graph, found: Found) -> Graph | None:
    """The layers for which a found operator stands, as a network of one input and one output.

    It is None for a single layer: such a layer has another name in its file, and is the same operator.
    """
    if len(found.layers) < 2:
        return None
    builder = GraphBuilder(graph.layers[found.last].name, graph.dtype)
    operand = graph.tensors[found.source]
    made = {found.source: builder.input(operand.shape, operand.name, operand.dtype)}
    for index in sorted(found.layers):
        layer = graph.layers[index]
        for t in layer.inputs:
            if t not in made:
                stored = graph.tensors[t]
                made[t] = builder.constant(stored.shape, stored.name, stored.dtype, stored.value)
        written = [graph.tensors[t] for t in layer.outputs]
        outputs = builder.layers(
            plain(layer.op) if is_canonical(plain(layer.op)) else layer.op,
            [made[t] for t in layer.inputs],
            layer.attributes,
            name=layer.name,
            stated=[t.shape for t in written],
            dtype=written[0].dtype,
            spelling=layer.spelling,
        )
        made.update(zip(layer.outputs, outputs))
    return builder.build(made[graph.layers[found.last].outputs[0]])
