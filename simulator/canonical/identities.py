"""Operators that change nothing, and pairs of them that one operator does."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.graph import Graph

from .found import Found, producer, single_reader


def _same_shape(graph: Graph, index: int) -> bool:
    layer = graph.layers[index]
    x, y = graph.tensors[layer.inputs[0]], graph.tensors[layer.outputs[0]]
    return x.shape == y.shape and x.dtype == y.dtype and len(layer.outputs) == 1


def _dropped(graph: Graph, index: int, source: int) -> Found | None:
    """The layer without anything in its place, unless the network would then give what it is given."""
    if graph.producer[source] < 0 and graph.layers[index].outputs[0] in graph.outputs:
        return None
    return Found(frozenset({index}), index, source)


def keeps_shape(graph: Graph, index: int) -> Found | None:
    """A reshape to the same shape, a resize to the same size, a pad by nothing, a split into one part."""
    return _dropped(graph, index, graph.layers[index].inputs[0]) if _same_shape(graph, index) else None


def joins_one(graph: Graph, index: int) -> Found | None:
    """A concatenation of one operand."""
    return keeps_shape(graph, index) if len(graph.layers[index].inputs) == 1 else None


def takes_all(graph: Graph, index: int) -> Found | None:
    """A slice of all elements in their order."""
    backwards = any(step < 0 for step in graph.layers[index].attributes.steps)
    return None if backwards else keeps_shape(graph, index)


def adds_no_border(graph: Graph, index: int) -> Found | None:
    """A pad by nothing on any side; one that adds on one side and cuts on the other keeps the shape only."""
    pads = graph.layers[index].attributes.pads
    return None if any(map(any, pads)) else keeps_shape(graph, index)


def reshaped_twice(graph: Graph, index: int) -> Found | None:
    """A reshape of a reshape that nothing else reads is one reshape, or none."""
    layer = graph.layers[index]
    before = producer(graph, layer.inputs[0], "reshape")
    if before < 0 or not single_reader(graph, layer.inputs[0]):
        return None
    sizes = graph.tensors[layer.outputs[0]].shape
    return Found(frozenset({before, index}), index, graph.layers[before].inputs[0], "reshape", Attributes(sizes=sizes))


def transposed_back(graph: Graph, index: int) -> Found | None:
    """A transpose that leaves the axes in their order, or that undoes the one before."""
    layer = graph.layers[index]
    if layer.attributes.axes == tuple(range(len(layer.attributes.axes))):
        return keeps_shape(graph, index)
    before = producer(graph, layer.inputs[0], "transpose")
    if before < 0:
        return None
    first = graph.layers[before]
    axes = tuple(first.attributes.axes[axis] for axis in layer.attributes.axes)
    if single_reader(graph, layer.inputs[0]):
        return Found(frozenset({before, index}), index, first.inputs[0], "transpose", Attributes(axes=axes))
    return _dropped(graph, index, first.inputs[0]) if axes == tuple(range(len(axes))) else None


IDENTITIES = {
    "reshape": (keeps_shape, reshaped_twice),
    "resize": (keeps_shape,),
    "split": (keeps_shape,),
    "concat": (joins_one,),
    "slice": (takes_all,),
    "strided_slice": (takes_all,),
    "pad": (adds_no_border,),
    "transpose": (transposed_back,),
}
"""The rules by the operator that they look at."""
