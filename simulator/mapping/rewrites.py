"""Rewrites of one layer that platform files may name under [[lowering]], and those that several converters share.

What the converter of one runtime alone does is in ``runtimes``. A rewrite's docstring is the
explanation that users are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

from .registry import Registry

Replacement = Callable[[GraphBuilder, Layer, tuple[int, ...]], int]
"""(builder, layer, its inputs in the builder) -> the tensor that replaces the layer's output."""

Match = Callable[[Graph, Layer], Replacement | None]
"""(graph, layer) -> what replaces the layer there, or None to leave it."""

Owned = dict[int, Replacement]
"""What replaces each layer that one match of a rewrite takes, by the layer's index in the graph."""

Joint = Callable[[Graph, int], Owned | None]
"""(graph, index of a layer) -> what replaces the layer and others around it, or None to leave them."""


class Rewrite(NamedTuple):
    """The operators at which a rewrite looks for a match, and what a match replaces."""

    ops: tuple[str, ...]
    match: Joint


REWRITES: Registry[Rewrite] = Registry()


def joins(*ops: str) -> Callable[[Joint], Joint]:
    """Register a rewrite of several layers at once, under the function's name, for platform files.

    It takes all of the layers that it returns or, where an earlier match has one of them already, none.
    """

    def register(match: Joint) -> Joint:
        REWRITES.register(match.__name__, Rewrite(ops, match))
        return match

    return register


def matches(*ops: str) -> Callable[[Match], Match]:
    """Register a rewrite that looks at a layer's neighbours, under the function's name, for platform files."""

    def register(match: Match) -> Match:
        @wraps(match)
        def owned(graph: Graph, index: int) -> Owned | None:
            replacement = match(graph, graph.layers[index])
            return None if replacement is None else {index: replacement}

        REWRITES.register(match.__name__, Rewrite(ops, owned))
        return match

    return register


def rewrites(op: str, when: Callable[[Layer], bool] | None = None) -> Callable[[Replacement], Replacement]:
    """Register a rewrite of the ``op`` layers that meet ``when``, under the function's name, for platform files."""

    def register(replacement: Replacement) -> Replacement:
        @wraps(replacement)
        def owned(graph: Graph, index: int) -> Owned | None:
            return {index: replacement} if when is None or when(graph.layers[index]) else None

        REWRITES.register(replacement.__name__, Rewrite((op,), owned))
        return replacement

    return register


def spelled_out(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """The layers in which the file spells an operator out, and those of the operators that they name in turn."""
    assert layer.spelling is not None
    made = dict(zip(layer.spelling.inputs, inputs))
    for inner in layer.spelling.layers:
        read = tuple(made[t] if t in made else _stored(b, layer.spelling, t) for t in inner.inputs)
        if inner.spelling is not None:
            outputs: tuple[int, ...] = (spelled_out(b, inner, read),)
        else:
            outputs = b.layers(inner.op, read, inner.attributes, name=inner.name)
        made.update(zip(inner.outputs, outputs))
    return made[layer.spelling.outputs[0]]


def _stored(b: GraphBuilder, spelling: Graph, tensor: int) -> int:
    held = spelling.tensors[tensor]
    return b.constant(held.shape, held.name, held.dtype, held.value)


@rewrites("swish")
def swish_as_sigmoid_mul(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """x * sigmoid(x) as two operators; x has two readers, which is what stops most fusion rules."""
    gate = b.layer("sigmoid", inputs[0], name=f"{layer.name}/sigmoid")
    return b.layer("mul", inputs[0], gate, name=f"{layer.name}/mul")


@rewrites("channel_shuffle")
def channel_shuffle_as_transpose(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """Reshape to (N, H, W, groups, C / groups), swap the last two axes, reshape back."""
    n, h, w, c = b.shape(inputs[0])
    groups = layer.attributes.groups
    x = b.layer("reshape", inputs[0], sizes=(n, h, w, groups, c // groups), name=f"{layer.name}/split")
    x = b.layer("transpose", x, axes=(0, 1, 2, 4, 3), name=f"{layer.name}/transpose")
    return b.layer("reshape", x, sizes=(n, h, w, c), name=f"{layer.name}/join")


@rewrites("conv2d", when=lambda layer: layer.attributes.groups > 1)
def grouped_conv_as_split_convs_concat(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A grouped convolution as split, one convolution per group, concat."""
    a = layer.attributes
    width = b.shape(inputs[0])[-1] // a.groups
    cut = Attributes(axis=-1, sizes=(width,) * a.groups)
    parts = b.layers("split", inputs[:1], cut, name=f"{layer.name}/split")
    part = a._replace(groups=1, c_out=a.c_out // a.groups)
    results = [b.layers("conv2d", [x], part, name=f"{layer.name}/{i}")[0] for i, x in enumerate(parts)]
    return b.layer("concat", *results, name=f"{layer.name}/concat")


@matches("conv2d")
def conv_of_one_pixel_as_dense(graph: Graph, layer: Layer) -> Replacement | None:
    """A 1x1 convolution of a map of one pixel, as in squeeze-and-excite, becomes a fully connected layer."""
    a = layer.attributes
    if a.kernel != (1, 1) or a.groups != 1 or graph.tensors[layer.inputs[0]].shape[1:3] != (1, 1):
        return None
    return lambda b, layer, inputs: b.layer("dense", inputs[0], c_out=a.c_out, name=layer.name)


@matches("conv2d")
def conv_per_channel_as_dwconv(graph: Graph, layer: Layer) -> Replacement | None:
    """A convolution in as many groups as it has channels becomes a depthwise convolution."""
    a, c_in = layer.attributes, graph.tensors[layer.inputs[0]].shape[-1]
    if not 1 < a.groups == c_in == a.c_out:
        return None
    return lambda b, layer, inputs: b.layers("dwconv2d", inputs, a._replace(groups=1, c_out=0), name=layer.name)[0]


@rewrites("conv2d", when=lambda layer: layer.attributes.groups > 1)
def grouped_conv_as_slices_convs_concat(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A grouped convolution as one strided slice and one convolution per group, concat."""
    a = layer.attributes
    n, h, w, c = b.shape(inputs[0])
    width, part = c // a.groups, a._replace(groups=1, c_out=a.c_out // a.groups)
    results = []
    for i in range(a.groups):
        cut = Attributes(begin=(0, 0, 0, i * width), end=(n, h, w, (i + 1) * width), steps=(1, 1, 1, 1))
        x = b.layers("strided_slice", inputs[:1], cut, name=f"{layer.name}/{i}/slice")
        results.append(b.layers("conv2d", x, part, name=f"{layer.name}/{i}")[0])
    return b.layer("concat", *results, name=f"{layer.name}/concat")


@rewrites("batch_norm")
def batch_norm_as_mul_add(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A batch normalisation that no convolution absorbs: multiply by a constant, add a constant."""
    c = b.shape(inputs[0])[-1]
    x = b.layer("mul", inputs[0], b.constant((c,), f"{layer.name}/scale"), name=f"{layer.name}/mul")
    return b.layer("add", x, b.constant((c,), f"{layer.name}/shift"), name=f"{layer.name}/add")


@rewrites("hard_swish")
def hard_swish_as_shift_relu6_mul_scale(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """x * relu6(x + 3) / 6 as four operators, none of which fuses with the next."""
    gate = b.layer("mul", inputs[0], _shifted_relu6(b, layer, inputs[0]), name=f"{layer.name}/mul")
    return _scaled(b, layer, gate)


@rewrites("hard_sigmoid")
def hard_sigmoid_as_shift_relu6_scale(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """relu6(x + 3) / 6 as three operators."""
    return _scaled(b, layer, _shifted_relu6(b, layer, inputs[0]))


def _shifted_relu6(b: GraphBuilder, layer: Layer, x: int) -> int:
    # A constant that is added is a scale and shift per channel and runs where a batch normalisation does.
    return b.layer("relu6", b.layer("batch_norm", x, name=f"{layer.name}/shift"), name=f"{layer.name}/relu6")


def _scaled(b: GraphBuilder, layer: Layer, x: int) -> int:
    return b.layer("mul", x, b.constant((1,), f"{layer.name}/sixth"), name=f"{layer.name}/scale")


@rewrites("hard_sigmoid")
def hard_sigmoid_as_add_relu6_mul(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """relu6(x + 3) / 6, which is how TensorFlow writes it."""
    x = b.layer("add", inputs[0], b.constant((1,), f"{layer.name}/three"), name=f"{layer.name}/add")
    x = b.layer("relu6", x, name=f"{layer.name}/relu6")
    return b.layer("mul", x, b.constant((1,), f"{layer.name}/sixth"), name=f"{layer.name}/mul")


@matches("conv2d", "dwconv2d")
def explicit_padding_as_pad(graph: Graph, layer: Layer) -> Replacement | None:
    """Pad beforehand where the runtime's convolutions know "same" and "valid" padding only."""
    a = layer.attributes
    _, h, w, _ = graph.tensors[layer.inputs[0]].shape
    if not any(a.padding) or a.padding == same_padding(h, w, a.kernel, a.stride, a.dilation):
        return None

    def rewrite(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
        top, bottom, left, right = a.padding
        x = b.layer("pad", inputs[0], pads=((0, 0), (top, bottom), (left, right), (0, 0)), name=f"{layer.name}/pad")
        return b.layers(layer.op, [x], a._replace(padding=(0, 0, 0, 0)), name=layer.name)[0]

    return rewrite


@joins("pad")
def pad_merged_into_conv(graph: Graph, index: int) -> Owned | None:
    """A pad of height and width that only convolutions read becomes part of them."""
    layer = graph.layers[index]
    readers = graph.consumers[layer.outputs[0]]
    if not readers or layer.outputs[0] in graph.outputs or not _is_border(layer):
        return None
    if any(graph.layers[reader].op not in ("conv2d", "dwconv2d") for reader in readers):
        return None
    (top, bottom), (left, right) = layer.attributes.pads[1:3]

    def merged(b: GraphBuilder, conv: Layer, inputs: tuple[int, ...]) -> int:
        own = conv.attributes.padding
        attributes = conv.attributes._replace(padding=(own[0] + top, own[1] + bottom, own[2] + left, own[3] + right))
        return b.layers(conv.op, inputs, attributes, name=conv.name, weights=conv.weights)[0]

    def without(_b: GraphBuilder, _pad: Layer, inputs: tuple[int, ...]) -> int:
        return inputs[0]

    return {index: without, **dict.fromkeys(readers, merged)}


def _is_border(pad: Layer) -> bool:
    """Whether a pad adds to height and width of maps, and neither cuts them nor adds to anything else."""
    pads = pad.attributes.pads
    return len(pads) == 4 and not any(pads[0] + pads[3]) and min(pads[1] + pads[2]) >= 0
