"""What OpenVINO's plugin for x86 does to a network: its layout, transposes, and strides that move to earlier layers."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import NEUTRAL
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.layouts import OWN, Use, layout
from stairline.simulator.mapping.lowering import graph_pass
from stairline.simulator.mapping.rewrites import Replacement, matches

Stride = tuple[int, int]

_ALL: Stride = (1, 1)
_ELEMENTWISE = frozenset(
    ("add", "sub", "mul", "div", "maximum", "minimum", "batch_norm")
    + ("relu", "relu6", "sigmoid", "tanh", "hard_swish", "gelu")
)


@layout
def channels_last(graph: Graph, layer: Layer, own: list[bool]) -> Use:
    """Convolutions, products and normalisations have channels last, the network's inputs and outputs first."""
    is_map = len(graph.tensors[layer.outputs[0]].shape) == 4
    if layer.op in ("conv2d", "dwconv2d") or (layer.op in ("dense", "layer_norm") and is_map):
        return OWN
    return Use(None, bool(layer.inputs) and own[layer.inputs[0]])


@matches("strided_slice")
def strided_slice_between_transposes(graph: Graph, layer: Layer) -> Replacement | None:
    """A map is transposed before a strided slice and back after it, because only the slice has channels last."""
    if len(graph.tensors[layer.inputs[0]].shape) != 4:
        return None
    there, back = (0, 3, 1, 2), (0, 2, 3, 1)

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        a = layer.attributes
        begin, end, steps, sizes = (tuple(v[i] for i in there) if v else () for v in (a.begin, a.end, a.steps, a.sizes))
        x = b.layer("transpose", inputs[0], axes=there, name=f"{layer.name}/transpose")
        x = b.layer("strided_slice", x, begin=begin, end=end, steps=steps, sizes=sizes, name=layer.name)
        return b.layer("transpose", x, axes=back, name=f"{layer.name}/back")

    return rewrite


@graph_pass
def strides_moved_up(graph: Graph) -> Graph:
    """The stride of 1x1 convolutions moves to the layer that writes their input, where all readers have that stride.

    That layer may be a convolution, or an element-wise operator, which passes the stride on to all of its operands: to
    the layer that writes an operand if nothing else reads it, else to a pooling of one pixel.
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
    """For each tensor the stride at which its readers keep pixels, if all agree and its writer can skip the others."""
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
    """The stride at which a layer needs the pixels of its inputs, where its output is needed at stride ``wanted``."""
    if not _is_convolution(layer):
        return wanted
    return _times(layer.attributes.stride, wanted) if _is_pointwise(layer) else _ALL


def _left(layer: Layer, kept: list[Stride]) -> Stride:
    """The stride that a convolution has after strides have moved from it and to it."""
    if _is_pointwise(layer) and kept[layer.inputs[0]] != _ALL:
        return _ALL
    return _times(layer.attributes.stride, kept[layer.outputs[0]])


def _pooled(graph: Graph, tensor: int, kept: list[Stride]) -> set[Stride]:
    """The strides at which readers need pooled copies of a map that is written whole."""
    if kept[tensor] != _ALL:
        return set()
    readers = [graph.layers[index] for index in graph.consumers[tensor]]
    return {kept[r.outputs[0]] for r in readers if not _is_convolution(r)} - {_ALL}


def _is_convolution(layer: Layer) -> bool:
    return layer.op == "conv2d" and layer.attributes.groups == 1


def _is_pointwise(layer: Layer) -> bool:
    return layer.attributes.kernel == (1, 1) and not any(layer.attributes.padding)


def _is_elementwise(graph: Graph, layer: Layer) -> bool:
    """Whether each pixel of the output depends on the same pixel of every input, and on constants for each channel."""
    shape = graph.tensors[layer.outputs[0]].shape
    if layer.op not in _ELEMENTWISE or len(shape) != 4:
        return False
    operands = [graph.tensors[t] for t in layer.inputs]
    return all(prod(o.shape[:-1]) == 1 if o.constant else o.shape == shape for o in operands)


def _times(a: Stride, b: Stride) -> Stride:
    return a[0] * b[0], a[1] * b[1]
