"""What OpenVINO's plugin for the Myriad X does to a network."""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.fusion import condition
from stairline.simulator.mapping.rewrites import Replacement, matches


@matches("mul")
def gate_tiled_to_the_map(graph: Graph, layer: Layer) -> Replacement | None:
    """Where a map is multiplied by one value per channel, the values are first repeated at every pixel."""
    out = graph.tensors[layer.outputs[0]].shape
    gates = [i for i, shape in enumerate(graph.shapes(layer.inputs)) if len(shape) == 4 and shape[1:3] == (1, 1)]
    if len(gates) != 1 or out[1:3] == (1, 1):
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        gate, x = inputs[gates[0]], inputs[1 - gates[0]]
        return b.layer("mul", x, b.layer("tile", gate, sizes=out, name=f"{layer.name}/tile"), name=layer.name)

    return rewrite


@condition
def halves_even_map(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded 2x2 pooling of stride 2 over a map of even height and width."""
    a, (_, h, w, _) = candidate.attributes, graph.tensors[candidate.inputs[0]].shape
    return a.kernel == (2, 2) and a.stride == (2, 2) and not any(a.padding) and h % 2 == 0 and w % 2 == 0
