"""Runtimes that keep feature maps in a layout of their own: where a network reorders its tensors.

A layout's docstring is the explanation that users are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer

from .registry import Registry


class Use(NamedTuple):
    """Whether a layer reads and writes its tensors in the runtime's own layout."""

    reads: bool | None
    """None where the layer reads both layouts."""
    writes: bool


Layout = Callable[[Graph, Layer, list[bool]], Use]
"""(graph, layer, which tensors are in the runtime's own layout) -> how the layer uses it."""

LAYOUTS: Registry[Layout] = Registry()


def layout(uses: Layout) -> Layout:
    """Register a layout under its name, for platform files to refer to."""
    LAYOUTS.register(uses.__name__, uses)
    return uses


PLAIN, OWN = Use(False, False), Use(True, True)
"""Uses of a layer that needs plain tensors, and of one that needs the runtime's own layout."""


def with_reorders(graph: Graph, uses: Layout) -> Graph:
    """The network with one ``reorder`` of every map that is read in another layout than it was written in."""
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
