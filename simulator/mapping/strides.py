"""Strides that move up: a runtime that leaves out the pixels which no reader of a map keeps."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import NEUTRAL
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

Stride = tuple[int, int]

_ALL: Stride = (1, 1)
_ELEMENTWISE = frozenset(
    ("add", "sub", "mul", "div", "maximum", "minimum", "batch_norm")
    + ("relu", "relu6", "sigmoid", "tanh", "hard_swish", "gelu")
)


def strides_moved_up(graph: Graph) -> Graph:
    """Where all that read a map are 1x1 convolutions with one stride, it moves to what writes the map.

    That may be a convolution, or an element-wise operator, which passes it on to all of its operands: to what writes
    them if nothing else reads them, else to a pooling of one pixel.
    """
    kept = _kept(graph)
    if all(stride == _ALL for stride in kept):
        return graph
    builder = GraphBuilder.rewriting(graph)
    written: dict[int, int] = {}
    pooled: dict[tuple[int, Stride], int] = {}

    def pool(tensor: int) -> None:
        for stride in _pooled(graph, tensor, kept):
            name, x = f"{graph.tensors[tensor].name}/strided", written.get(tensor, tensor)
            pooled[tensor, stride] = builder.layers("maxpool2d", [x], NEUTRAL._replace(stride=stride), name=name)[0]

    for tensor in graph.inputs:
        pool(tensor)
    for layer in graph.layers:
        out, attributes = layer.outputs[0], layer.attributes
        inputs = [written.get(t, t) for t in layer.inputs]
        if _is_convolution(layer):
            attributes = attributes._replace(stride=_left(layer, kept))
        else:
            inputs = [pooled.get((t, kept[out]), x) for t, x in zip(layer.inputs, inputs)]
        if kept[out] == _ALL and attributes == layer.attributes:
            builder.keep(layer, tuple(inputs))
        else:
            written[out] = builder.layers(layer.op, inputs, attributes, name=layer.name)[0]
        for tensor in layer.outputs:
            pool(tensor)
    return builder.build(tuple(written.get(t, t) for t in graph.outputs))


def _kept(graph: Graph) -> list[Stride]:
    """For each tensor, every how many pixels its readers keep one, if all agree and its writer can leave out others."""
    kept: list[Stride] = [_ALL] * len(graph.tensors)
    asked: list[set[Stride]] = [set() for _ in graph.tensors]
    for tensor in graph.outputs:
        asked[tensor].add(_ALL)
    for layer in reversed(graph.layers):
        out = layer.outputs[0]
        if len(asked[out]) == 1 and (_is_convolution(layer) or _is_elementwise(graph, layer)):
            (kept[out],) = asked[out]
        for tensor in layer.inputs:
            asked[tensor].add(_asked(layer, kept[out]))
    return kept


def _asked(layer: Layer, wanted: Stride) -> Stride:
    """What a layer needs of its inputs' pixels if ``wanted`` are needed of its own."""
    if not _is_convolution(layer):
        return wanted
    return _times(layer.attributes.stride, wanted) if _is_pointwise(layer) else _ALL


def _left(layer: Layer, kept: list[Stride]) -> Stride:
    """The stride that a convolution is left with."""
    if _is_pointwise(layer) and kept[layer.inputs[0]] != _ALL:
        return _ALL
    return _times(layer.attributes.stride, kept[layer.outputs[0]])


def _pooled(graph: Graph, tensor: int, kept: list[Stride]) -> set[Stride]:
    """The strides at which readers take a map that is written whole."""
    if kept[tensor] != _ALL:
        return set()
    readers = [graph.layers[index] for index in graph.consumers[tensor]]
    return {kept[r.outputs[0]] for r in readers if not _is_convolution(r)} - {_ALL}


def _is_convolution(layer: Layer) -> bool:
    return layer.op == "conv2d" and layer.attributes.groups == 1


def _is_pointwise(layer: Layer) -> bool:
    return layer.attributes.kernel == (1, 1) and not any(layer.attributes.padding)


def _is_elementwise(graph: Graph, layer: Layer) -> bool:
    """Whether each pixel of the output is made of the same pixel of every input, and of constants for each channel."""
    shape = graph.tensors[layer.outputs[0]].shape
    if layer.op not in _ELEMENTWISE or len(shape) != 4:
        return False
    operands = [graph.tensors[t] for t in layer.inputs]
    return all(prod(o.shape[:-1]) == 1 if o.constant else o.shape == shape for o in operands)


def _times(a: Stride, b: Stride) -> Stride:
    return a[0] * b[0], a[1] * b[1]
