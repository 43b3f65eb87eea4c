"""What Vela makes of single layers before it schedules them."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.rewrites import Replacement, matches

from .constraints import of_one_image


@matches("mean")
def mean_as_sum_scale(graph: Graph, layer: Layer) -> Replacement | None:
    """A sum over the window, then its scale as an element-wise multiplication; the mean of a batch is left as it is."""
    if not of_one_image(graph, layer, {}):
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        total = b.layers("mean", inputs, layer.attributes, name=f"{layer.name}/sum")[0]
        return b.layer("mul", total, b.constant((1,), f"{layer.name}/scale"), name=layer.name)

    return rewrite


@matches("transpose")
def transpose_as_swaps(_graph: Graph, layer: Layer) -> Replacement | None:
    """Passes that each swap two neighbouring axes, where the engine cannot turn the map in one."""
    swaps = _swaps(layer.attributes.axes)
    if len(swaps) < 2:
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        x = inputs[0]
        for number, swap in enumerate(swaps):
            x = b.layer("transpose", x, axes=swap, name=f"{layer.name}/{number}")
        return x

    return rewrite


def _swaps(axes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Swaps of neighbouring axes that together turn a map as ``axes`` does, those of the last axes first."""
    left, found = list(axes), []
    for position in range(len(axes)):
        for at in range(left.index(position), position, -1):
            left[at - 1], left[at] = left[at], left[at - 1]
            swap = list(range(len(axes)))
            swap[at - 1], swap[at] = swap[at], swap[at - 1]
            found.append(tuple(swap))
    return found[::-1]


@matches("reduce_max")
def maximum_along_width(graph: Graph, layer: Layer) -> Replacement | None:
    """One pass for each axis: along the width of a map, or over the channels of every pixel.

    Source: Vela 5.2, regor/compiler: ConvertReduceMinMaxAnyAll, and the decomposition by ReduceAxis.
    """
    shape, axes = graph.tensors[layer.inputs[0]].shape, layer.attributes.axes
    if len(shape) == 4 and shape[0] == 1 and axes in ((2,), (3,)) and layer.attributes.keepdims:
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        x, left = inputs[0], list(shape)
        for axis in sorted(a % len(shape) for a in axes or range(len(shape))):
            deep = 0 < axis == len(left) - 1
            size = (left[axis - 1], left[axis]) if deep else (left[axis], prod(left[axis + 1 :]))
            x = b.layer("reshape", x, sizes=(1, prod(left) // prod(size), *size), name=f"{layer.name}/{axis}/map")
            x = b.layer("reduce_max", x, axes=(3,) if deep else (2,), keepdims=True, name=f"{layer.name}/{axis}")
            left[axis] = 1
        return b.layer("reshape", x, sizes=graph.tensors[layer.outputs[0]].shape, name=layer.name)

    return rewrite


@matches("concat")
def shared_parts_copied(graph: Graph, layer: Layer) -> Replacement | None:
    """Parts of a concatenation that something else reads, or that enter the network, are copied to their place."""
    shared = [
        graph.producer[t] < 0 or len(graph.consumers[t]) > 1 or t in graph.outputs or _is_view(graph, t)
        for t in layer.inputs
    ]
    if not any(shared):
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        parts = [
            b.layer("copy", t, name=f"{layer.name}/part_{i}") if copied else t
            for i, (t, copied) in enumerate(zip(inputs, shared))
        ]
        return b.layers("concat", parts, layer.attributes, name=layer.name)[0]

    return rewrite


@matches("argmax")
def search_along_width(graph: Graph, layer: Layer) -> Replacement | None:
    """A search along the last axis as one along the width of a map of a single channel."""
    shape = graph.tensors[layer.inputs[0]].shape
    if layer.attributes.axis % len(shape) != len(shape) - 1:
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        size = (1, prod(shape[:-1]), shape[-1], 1)
        x = b.layer("reshape", inputs[0], sizes=size, name=f"{layer.name}/map")
        x = b.layer("argmax", x, axis=2, keepdims=True, name=f"{layer.name}/search")
        return b.layer("reshape", x, sizes=graph.tensors[layer.outputs[0]].shape, name=layer.name)

    return rewrite


def _is_view(graph: Graph, tensor: int) -> bool:
    return graph.layers[graph.producer[tensor]].op in ("concat", "reshape", "split", "slice", "strided_slice")


@matches("pad")
def pad_as_joined_borders(graph: Graph, layer: Layer) -> Replacement | None:
    """Stored zeros are copied to either side of the map, which is copied too if something else reads it."""
    if len(layer.attributes.pads) != 4:
        return None
    shared = len(graph.consumers[layer.inputs[0]]) > 1 or graph.producer[layer.inputs[0]] < 0

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        x = b.layer("copy", inputs[0], name=f"{layer.name}/map") if shared else inputs[0]
        for axis, widths in enumerate(layer.attributes.pads):
            before, after = (_border(b, layer, b.shape(x), axis, number, width) for number, width in enumerate(widths))
            if before or after:
                parts = [*before, x, *after]
                x = b.layers("concat", parts, Attributes(axis=axis), name=f"{layer.name}/{axis}")[0]
        return x

    return rewrite


def _border(b: GraphBuilder, layer: Layer, shape: tuple[int, ...], axis: int, number: int, width: int) -> list[int]:
    if width == 0:
        return []
    label = f"{axis}_{number}"
    zeros = b.constant((*shape[:axis], width, *shape[axis + 1 :]), f"{layer.name}/zeros_{label}")
    return [b.layer("copy", zeros, name=f"{layer.name}/border_{label}")]
