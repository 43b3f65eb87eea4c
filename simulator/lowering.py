"""What a runtime's converter turns a network into: an ordered table of rewrites, one layer to a few, per platform."""

from __future__ import annotations

from collections.abc import Callable

from hwmodels.platform import Machine

from .attributes import Attributes
from .builder import GraphBuilder
from .graph import Graph, Layer

Rewrite = Callable[[GraphBuilder, Layer, tuple[int, ...]], int]
"""(builder, layer, its inputs in the builder) -> the tensor that replaces the layer's output."""

REWRITES: dict[str, tuple[str, Rewrite]] = {}
"""Rule name -> (operator it rewrites, how)."""


def rewrites(op: str) -> Callable[[Rewrite], Rewrite]:
    """Register a rewrite of ``op`` under the function's name, for platform files to refer to."""

    def register(rewrite: Rewrite) -> Rewrite:
        REWRITES[rewrite.__name__] = (op, rewrite)
        return rewrite

    return register


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


@rewrites("conv2d")
def grouped_conv_as_split_convs_concat(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A grouped convolution as split, one convolution per group, concat; a plain convolution stays."""
    a = layer.attributes
    if a.groups == 1:
        return b.layers("conv2d", inputs, a, name=layer.name)[0]
    width = b.shape(inputs[0])[-1] // a.groups
    cut = Attributes(axis=-1, sizes=(width,) * a.groups)
    parts = b.layers("split", inputs[:1], cut, name=f"{layer.name}/split")
    part = a._replace(groups=1, c_out=a.c_out // a.groups)
    results = [b.layers("conv2d", [x], part, name=f"{layer.name}/{i}")[0] for i, x in enumerate(parts)]
    return b.layer("concat", *results, name=f"{layer.name}/concat")


@rewrites("batch_norm")
def batch_norm_as_mul_add(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A batch normalisation that no convolution absorbs: multiply by a constant, add a constant."""
    c = b.shape(inputs[0])[-1]
    x = b.layer("mul", inputs[0], b.constant((c,), f"{layer.name}/scale"), name=f"{layer.name}/mul")
    return b.layer("add", x, b.constant((c,), f"{layer.name}/shift"), name=f"{layer.name}/add")


def lower(graph: Graph, machine: Machine) -> Graph:
    """The network as the platform's runtime executes it; the very same object when no rule applies."""
    rules: dict[str, list[Rewrite]] = {}
    for entry in machine.lowering:
        op, rewrite = REWRITES[entry.rule]
        rules.setdefault(op, []).append(rewrite)
    if not any(layer.op in rules for layer in graph.layers):
        return graph
    builder = GraphBuilder(graph.name, graph.dtype, graph.source)
    renamed: dict[int, int] = {}
    for index in graph.inputs:
        tensor = graph.tensors[index]
        renamed[index] = builder.input(tensor.shape, tensor.name, tensor.dtype)
    for index, tensor in enumerate(graph.tensors):
        if tensor.constant:
            renamed[index] = builder.constant(tensor.shape, tensor.name, tensor.dtype)
    for layer in graph.layers:
        inputs = tuple(renamed[t] for t in layer.inputs)
        if layer.op in rules:
            renamed[layer.outputs[0]] = rules[layer.op][0](builder, layer, inputs)
            continue
        dtype = graph.tensors[layer.outputs[0]].dtype
        outputs = builder.layers(
            layer.op, inputs, layer.attributes, name=layer.name, stated=graph.shapes(layer.outputs), dtype=dtype
        )
        renamed.update(zip(layer.outputs, outputs))
    return builder.build(tuple(renamed[t] for t in graph.outputs))
