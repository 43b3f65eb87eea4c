"""Runtimes that keep feature maps in a layout of their own: where tensors change their layout on the way in and out.

A layout's docstring is what users are shown of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS


class Use(NamedTuple):
    """Whether a layer reads and writes its tensors in the runtime's own layout; ``reads`` None: as they come."""

    reads: bool | None
    writes: bool


Layout = Callable[[Graph, Layer, list[bool]], Use]
"""(graph, layer, which tensors are in the runtime's own layout) -> how the layer uses it."""

LAYOUTS: dict[str, Layout] = {}


def layout(uses: Layout) -> Layout:
    """Register a layout under its name, for platform files."""
    LAYOUTS[uses.__name__] = uses
    return uses


_PLAIN, _OWN = Use(False, False), Use(True, True)
_POOLS = frozenset({"maxpool2d", "avgpool2d", "globalavgpool2d", "globalmaxpool2d"})
_BLOCK, _ALIGNED = 16, 4
"""Channels of a block, and the number of which a convolution's channels must be a multiple to be put into blocks."""


@layout
def channels_in_blocks(graph: Graph, layer: Layer, own: list[bool]) -> Use:
    """Convolutions and pooling read and write channels in blocks of 16; what has no kernel for them is put back."""
    inputs = [t for t in layer.inputs if not graph.tensors[t].constant]
    c_in, c_out = graph.tensors[layer.inputs[0]].shape[-1], graph.tensors[layer.outputs[0]].shape[-1]
    if layer.op == "conv2d":
        return _convolution_in_blocks(c_in, c_out, layer.attributes.groups)
    if layer.op == "dwconv2d":
        return _OWN if c_in == c_out and c_in % _ALIGNED == 0 else _PLAIN
    if layer.op in _POOLS:
        return _OWN if c_in % _BLOCK == 0 else _PLAIN
    if layer.op in ACTIVATIONS or layer.op == "batch_norm":
        return Use(None, own[layer.inputs[0]])
    if layer.op in ("add", "mul") and all(own[t] for t in layer.inputs):
        shapes = graph.shapes(layer.inputs)
        return _OWN if all(shape == shapes[0] for shape in shapes) else _PLAIN
    if layer.op == "concat" and all(own[t] and graph.tensors[t].shape[-1] % _BLOCK == 0 for t in inputs):
        return _OWN
    return _PLAIN


def _convolution_in_blocks(c_in: int, c_out: int, groups: int) -> Use:
    if groups > 1:
        return _PLAIN if c_in // groups % _BLOCK or c_out // groups % _BLOCK else _OWN
    if c_in < _BLOCK:
        return Use(False, True)
    return _PLAIN if c_in % _ALIGNED else _OWN


@layout
def channels_last(graph: Graph, layer: Layer, own: list[bool]) -> Use:
    """Convolutions, products and normalisations have channels last, the network's inputs and outputs first."""
    is_map = len(graph.tensors[layer.outputs[0]].shape) == 4
    if layer.op in ("conv2d", "dwconv2d") or (layer.op in ("dense", "layer_norm") and is_map):
        return _OWN
    return Use(None, bool(layer.inputs) and own[layer.inputs[0]])


def with_reorders(graph: Graph, uses: Layout) -> Graph:
    """The network with a ``reorder`` wherever a map is read in another layout than it was written in, once for each."""
    builder = GraphBuilder.rewriting(graph)
    own = [False] * len(graph.tensors)
    copies: dict[int, int] = {}

    def in_layout(tensor: int, wanted: bool) -> int:
        if own[tensor] == wanted or graph.tensors[tensor].constant:
            return tensor
        if tensor not in copies:
            copies[tensor] = builder.layer("reorder", tensor, name=f"{graph.tensors[tensor].name}/reorder")
        return copies[tensor]

    for layer in graph.layers:
        reads, writes = uses(graph, layer, own)
        builder.keep(layer, tuple(t if reads is None else in_layout(t, reads) for t in layer.inputs))
        for tensor in layer.outputs:
            own[tensor] = writes
    maps = [len(graph.tensors[t].shape) == 4 for t in graph.outputs]
    return builder.build([in_layout(t, False) if is_map else t for t, is_map in zip(graph.outputs, maps)])
