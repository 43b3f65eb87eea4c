"""What a runtime's converter turns a network into: an ordered table of rewrites, one layer to a few, per platform."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from hwmodels.platform import Machine

from .attributes import Attributes
from .builder import GraphBuilder
from .graph import Graph, Layer

Rewrite = Callable[[GraphBuilder, Layer, tuple[int, ...]], int]
"""(builder, layer, its inputs in the builder) -> the tensor that replaces the layer's output."""


class Rule(NamedTuple):
    """Which layers a rewrite is for, and how it goes."""

    op: str
    applies: Callable[[Layer], bool]
    rewrite: Rewrite


REWRITES: dict[str, Rule] = {}


def _every(_layer: Layer) -> bool:
    return True


def rewrites(op: str, when: Callable[[Layer], bool] = _every) -> Callable[[Rewrite], Rewrite]:
    """Register a rewrite of the ``op`` layers that meet ``when``, under the function's name, for platform files."""

    def register(rewrite: Rewrite) -> Rewrite:
        REWRITES[rewrite.__name__] = Rule(op, when, rewrite)
        return rewrite

    return register


@rewrites("swish")
def swish_as_sigmoid_mul(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """x * sigmoid(x) as two operators; x has two readers, which is what stops most fusion rules."""
    gate = b.layer("sigmoid", inputs[0], name=f"{layer.name}/sigmoid")
    return b.layer("mul", inputs[0], gate, name=f"{layer.name}/mul")


@rewrites("hard_swish")
def hard_swish_as_hard_sigmoid_mul(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """x * hard_sigmoid(x) as two operators; x has two readers."""
    gate = b.layer("hard_sigmoid", inputs[0], name=f"{layer.name}/hard_sigmoid")
    return b.layer("mul", inputs[0], gate, name=f"{layer.name}/mul")


@rewrites("mul")
def gate_tiled_to_the_map(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A map times one value per channel: the values are first repeated at every pixel, which is a resize."""
    x, gate = inputs
    if len(b.shape(x)) != 4 or b.shape(gate)[:-1] != (b.shape(x)[0], 1, 1) or b.shape(x)[1:3] == (1, 1):
        return b.layers("mul", inputs, layer.attributes, name=layer.name)[0]
    tiled = b.layer("resize", gate, sizes=b.shape(x)[1:3], name=f"{layer.name}/tile")
    return b.layer("mul", x, tiled, name=layer.name)


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


@rewrites("conv2d", when=lambda layer: layer.attributes.groups == 1)
def conv_of_one_pixel_as_dense(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A 1x1 convolution of a map of one pixel, as squeeze-and-excite has them: a fully connected layer."""
    a = layer.attributes
    if a.kernel != (1, 1) or b.shape(inputs[0])[1:3] != (1, 1):
        return b.layers("conv2d", inputs, a, name=layer.name)[0]
    return b.layer("dense", inputs[0], c_out=a.c_out, name=layer.name)


@rewrites("batch_norm")
def batch_norm_as_mul_add(b: GraphBuilder, layer: Layer, inputs: tuple[int, ...]) -> int:
    """A batch normalisation that no convolution absorbs: multiply by a constant, add a constant."""
    c = b.shape(inputs[0])[-1]
    x = b.layer("mul", inputs[0], b.constant((c,), f"{layer.name}/scale"), name=f"{layer.name}/mul")
    return b.layer("add", x, b.constant((c,), f"{layer.name}/shift"), name=f"{layer.name}/add")


def lower(graph: Graph, machine: Machine) -> Graph:
    """The network as the platform's runtime executes it; the very same object when no rule applies."""
    rules = _rules_of(machine)
    chosen = {
        index: rule.rewrite
        for index, layer in enumerate(graph.layers)
        if layer.op in rules and (rule := _first_that_applies(rules[layer.op], layer)) is not None
    }
    if not chosen:
        return graph
    builder = GraphBuilder.rewriting(graph)
    renamed: dict[int, int] = {}
    for index, layer in enumerate(graph.layers):
        inputs = tuple([renamed.get(t, t) for t in layer.inputs])
        if index in chosen:
            renamed[layer.outputs[0]] = chosen[index](builder, layer, inputs)
        else:
            builder.keep(layer, inputs)
    return builder.build(tuple(renamed.get(t, t) for t in graph.outputs))


@lru_cache(maxsize=256)
def _rules_of(machine: Machine) -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for entry in machine.lowering:
        rule = REWRITES[entry.rule]
        rules.setdefault(rule.op, []).append(rule)
    return rules


def _first_that_applies(rules: list[Rule], layer: Layer) -> Rule | None:
    return next((rule for rule in rules if rule.applies(layer)), None)
