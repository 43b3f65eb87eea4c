"""The widths of a network: numbers of channels, each of which one or more layers must share.

Layers that keep their channels tie what they read to what they write, and joins tie all that they join: the two ends of
a residual connection have one width, and so have a map and the gate that scales it.
"""

from __future__ import annotations

from typing import NamedTuple

from . import families
from .changes import changed
from .graph import Graph, Layer
from .ops import ACTIVATIONS

PRODUCERS = frozenset({"conv2d", "conv2d_transpose", "dense"})
"""Operators whose number of output channels is a choice of the network's designer."""

_KEEPING = ACTIVATIONS | frozenset(
    {
        *families.UNARY,
        *("maxpool2d", "avgpool2d", "globalavgpool2d", "globalmaxpool2d", "resize", "softmax", "l2_norm", "lrn"),
        *("batch_norm", "layer_norm", "instance_norm", "group_norm", "prelu"),
        *("copy", "cast", "quantize", "dequantize", "channel_shuffle", "reverse"),
    }
)
_JOINING = frozenset({"add", "sub", "mul", "div", "maximum", "minimum", *families.BINARY})


class Width(NamedTuple):
    """One width: its layers, as indices into the network's, all of which have so many output channels."""

    producers: tuple[int, ...]
    """The layers that state the width."""
    layers: frozenset[int]
    """All layers that read or write a tensor of that width."""
    channels: int


def widths(graph: Graph) -> list[Width]:
    """The widths that may change without the network's inputs and outputs: in the order of their first layers."""
    width_of = _tied(graph)
    fixed = {width_of[t] for t in (*graph.inputs, *graph.outputs)}
    producers: dict[int, list[int]] = {}
    touching: dict[int, set[int]] = {}
    for index, layer in enumerate(graph.layers):
        for tensor in (*layer.inputs, *layer.outputs):
            touching.setdefault(width_of[tensor], set()).add(index)
        if layer.op in PRODUCERS and width_of[layer.outputs[0]] not in fixed:
            producers.setdefault(width_of[layer.outputs[0]], []).append(index)
    return [
        Width(tuple(found), frozenset(touching[width]), graph.layers[found[0]].attributes.c_out)
        for width, found in producers.items()
    ]


def with_channels(graph: Graph, channels: dict[int, int]) -> Graph:
    """The network with other numbers of output channels, by the index of the layer. Raises GraphError as ``changed``"""
    return changed(graph, {index: widened(graph.layers[index], count) for index, count in channels.items()})


def widened(layer: Layer, channels: int) -> Layer:
    """The layer with another number of output channels."""
    return layer._replace(attributes=layer.attributes._replace(c_out=channels))


def _tied(graph: Graph) -> list[int]:
    """For each tensor, the tensor that stands for all those of its width."""
    parent = list(range(len(graph.tensors)))

    def root(tensor: int) -> int:
        while parent[tensor] != tensor:
            parent[tensor] = parent[parent[tensor]]
            tensor = parent[tensor]
        return tensor

    for layer in graph.layers:
        for tensor in _kept(graph, layer):
            parent[root(tensor)] = root(layer.outputs[0])
    return [root(tensor) for tensor in range(len(graph.tensors))]


def _kept(graph: Graph, layer: Layer) -> tuple[int, ...]:
    """The operands whose channels are those of the layer's output."""
    if layer.op in _JOINING:
        channels = graph.tensors[layer.outputs[0]].shape[-1]
        return tuple(t for t in layer.inputs if _channels(graph, t) == channels and not graph.tensors[t].constant)
    keeps = layer.op in _KEEPING or _keeps_channels(graph, layer)
    return layer.inputs[:1] if keeps else ()


def _keeps_channels(graph: Graph, layer: Layer) -> bool:
    """Whether this layer keeps channels, of an operator that does not always do so."""
    if layer.op == "dwconv2d":
        return layer.attributes.multiplier == 1
    if layer.op in ("mean", "reshape", "pad"):
        shape, output = graph.tensors[layer.inputs[0]].shape, graph.tensors[layer.outputs[0]].shape
        same = shape[-1] == output[-1]
        return same and (layer.op != "mean" or len(shape) - 1 not in {a % len(shape) for a in layer.attributes.axes})
    return False


def _channels(graph: Graph, tensor: int) -> int:
    return graph.tensors[tensor].shape[-1]
