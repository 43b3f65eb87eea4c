"""Stacks of layers for which the Edge TPU's reports and times were published."""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


def relu_stack(filters: int) -> Graph:
    """Five 3x3 convolutions of 64 x 64 x 3, as in the published sweep."""
    b = GraphBuilder("stack")
    x = b.input((1, 64, 64, 3))
    for _ in range(5):
        x = b.conv2d(x, filters, 3, activation="relu")
    return b.build(x)


def dense_stack(width: int, layers: int = 4, inputs: int = 64) -> Graph:
    """The published sweeps of dense layers: ``layers`` of a width, then 10."""
    b = GraphBuilder("stack")
    x = b.input((1, inputs))
    for _ in range(layers):
        x = b.dense(x, width, activation="relu")
    return b.build(b.dense(x, 10))
