"""Operators that Vela runs part by part: the images of a batch one after the other, and the outputs of a split.

Source: Vela 5.2 (Arm, Apache-2.0): the operators that it lists with --verbose-performance and --verbose-schedule for
networks of two and three images, in which each image of a window's output is a part of one tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.mapping.lowering import graph_pass

Replacement = Callable[[GraphBuilder, Layer, tuple[int, ...]], tuple[int, ...]]
"""(builder, layer, its inputs in the builder) -> the tensors that replace its outputs."""
WINDOWS = frozenset(
    {"conv2d", "conv2d_transpose", "dwconv2d", "maxpool2d", "avgpool2d", "globalavgpool2d", "globalmaxpool2d"}
)
"""Operators that read their input in windows, which do not reach from one image into the next."""


def is_pointwise(layer: Layer) -> bool:
    """Whether it is a convolution of single pixels, whose images may lie one behind the other as a single map."""
    a = layer.attributes
    return layer.op == "conv2d" and a.kernel == (1, 1) and a.stride == (1, 1) and not any(a.padding)


def is_image(graph: Graph, layer: Layer) -> bool:
    """Whether the layer computes one image of a batch, with weights that the operators of the other images share."""
    readers = [graph.layers[index] for index in graph.consumers[layer.outputs[0]]]
    return [(reader.op, reader.attributes.axis) for reader in readers] == [("concat", 0)]


@graph_pass
def images_one_by_one(graph: Graph) -> Graph:
    """A window over several images is one operator for each image, and their activation one over all images.

    A convolution of single pixels takes all images as one map. Neither writes to its place in a concatenation.
    """
    chosen = {i for i, layer in enumerate(graph.layers) if layer.op in WINDOWS and _images(graph, layer) > 1}
    joined = {t for layer in graph.layers if layer.op == "concat" for t in layer.inputs}

    def replace(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> tuple[int, ...]:
        if is_pointwise(layer):
            done = b.layers(layer.op, inputs, layer.attributes, name=layer.name, weights=layer.weights)
        else:
            done = _one_by_one(b, layer, inputs)
        copy = layer._replace(op="copy", name=f"{layer.name}/copy", attributes=NEUTRAL, weights=b"")
        return _one_by_one(b, copy, done) if layer.outputs[0] in joined else done

    return _rewritten(graph, chosen, replace) if chosen else graph


@graph_pass
def split_as_slices(graph: Graph) -> Graph:
    """The outputs of a split are parts of its input, which are read where they lie."""
    chosen = {index for index, layer in enumerate(graph.layers) if layer.op == "split"}
    return _rewritten(graph, chosen, _sliced) if chosen else graph


def _images(graph: Graph, layer: Layer) -> int:
    shape = graph.tensors[layer.inputs[0]].shape
    return shape[0] if len(shape) == 4 else 1


def _rewritten(graph: Graph, chosen: set[int], replace: Replacement) -> Graph:
    builder = GraphBuilder.rewriting(graph)
    written: dict[int, int] = {}
    for index, layer in enumerate(graph.layers):
        inputs = tuple([written.get(t, t) for t in layer.inputs])
        if index in chosen:
            written.update(zip(layer.outputs, replace(builder, layer, inputs)))
        else:
            builder.keep(layer, inputs)
    return builder.build(tuple(written.get(t, t) for t in graph.outputs))


def _one_by_one(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> tuple[int, ...]:
    images = []
    for n in range(b.shape(inputs[0])[0]):
        x = _part(b, inputs[0], 0, n, n + 1, f"{layer.name}/{n}/slice")
        own = b.layers(layer.op, [x], layer.attributes, name=f"{layer.name}/{n}", weights=layer.weights)
        images.append(own[0])
    return b.layers("concat", images, Attributes(axis=0), name=layer.name)


def _sliced(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> tuple[int, ...]:
    axis, shape = layer.attributes.axis, b.shape(inputs[0])
    axis = axis if axis >= 0 else len(shape) + axis
    bounds = pairwise(accumulate(layer.attributes.sizes, initial=0))
    return tuple(
        _part(b, inputs[0], axis, begin, end, f"{layer.name}/{number}") for number, (begin, end) in enumerate(bounds)
    )


def _part(b: GraphBuilder, tensor: int, axis: int, begin: int, end: int, name: str) -> int:
    shape = b.shape(tensor)
    first = tuple(begin if each == axis else 0 for each in range(len(shape)))
    last = tuple(end if each == axis else size for each, size in enumerate(shape))
    return b.layer("strided_slice", tensor, begin=first, end=last, steps=(1,) * len(shape), name=name)
