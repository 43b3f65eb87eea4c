"""Convolutions in groups that another operator names."""

from __future__ import annotations

from stairline.simulator.graph.graph import Graph

from .found import Found


def per_channel(graph: Graph, index: int) -> Found | None:
    """A convolution in as many groups as it has input channels is a depthwise one."""
    layer = graph.layers[index]
    a, channels = layer.attributes, graph.tensors[layer.inputs[0]].shape[-1]
    if not 1 < a.groups == channels or a.c_out % channels:
        return None
    attributes = a._replace(groups=1, c_out=0, multiplier=a.c_out // channels)
    return Found(frozenset({index}), index, layer.inputs[0], "dwconv2d", attributes, layer.weights)
