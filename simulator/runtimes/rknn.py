"""Which operators RKNN runs in one pass of the RK3399Pro's engine."""

from __future__ import annotations

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.fusion import condition


@condition
def all_parts_convolved_for_it(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """Every input of the candidate leaves a convolution, its ReLU included, and has no other reader."""
    return all(len(graph.consumers[t]) == 1 and _convolved(graph, graph.producer[t]) for t in candidate.inputs)


def _convolved(graph: Graph, index: int) -> bool:
    if index >= 0 and graph.layers[index].op == "relu":
        index = graph.producer[graph.layers[index].inputs[0]]
    return index >= 0 and graph.layers[index].op in ("conv2d", "dwconv2d")


@condition
def engine_pools_below_32(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded pooling of stride 2: 2x2 over an even map, or 3x3 over an odd one narrower than 32."""
    return _engine_pools(graph, candidate, 32)


@condition
def engine_pools_below_64(graph: Graph, _last: Layer, candidate: Layer) -> bool:
    """An unpadded pooling of stride 2: 2x2 over an even map, or 3x3 over an odd one narrower than 64."""
    return _engine_pools(graph, candidate, 64)


def _engine_pools(graph: Graph, pool: Layer, width: int) -> bool:
    a, (h, w) = pool.attributes, graph.tensors[pool.inputs[0]].shape[1:3]
    if a.stride != (2, 2) or any(a.padding):
        return False
    return (a.kernel == (2, 2) and h % 2 == w % 2 == 0) or (a.kernel == (3, 3) and h % 2 == w % 2 == 1 and w < width)
