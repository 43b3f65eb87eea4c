"""When Vela leaves an operator to the host, and when a prediction does so for it."""

from __future__ import annotations

from collections.abc import Mapping

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.support import constraint


@constraint
def of_one_image(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the batch must be 1"""
    shape = graph.tensors[layer.inputs[0]].shape
    return len(shape) < 4 or shape[0] == 1


@constraint
def of_integers(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the input must be integers"""
    return not graph.tensors[layer.inputs[0]].dtype.startswith("float")


@constraint
def modelled_on_the_engine(_graph: Graph, _layer: Layer, _limits: Mapping[str, float]) -> bool:
    """Vela runs it on the engine, but its time there is not modelled yet: it is predicted on the host"""
    return False


@constraint
def searches_channels(graph: Graph, layer: Layer, limits: Mapping[str, float]) -> bool:
    """the search must be along the channels, of which there are at most {channels_max:g}"""
    shape = graph.tensors[layer.inputs[0]].shape
    return layer.attributes.axis % len(shape) == len(shape) - 1 and shape[-1] <= limits["channels_max"]


@constraint
def searches_along_width(graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """Vela runs it on the engine, but only searches along channels are modelled yet: it is predicted on the host"""
    return len(graph.tensors[layer.inputs[0]].shape) == 4 and layer.attributes.keepdims and layer.attributes.axis == 2


@constraint
def doubled_or_same(_graph: Graph, layer: Layer, _limits: Mapping[str, float]) -> bool:
    """the strides must both be 1 or both 2"""
    return layer.attributes.stride in ((1, 1), (2, 2))
