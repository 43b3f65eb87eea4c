"""Sums over a graph's layers that several tests compare with published figures."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import ACTIVATIONS, Counts


def totals(graph: Graph) -> Counts:
    return Counts(*map(sum, zip(*(graph.counts(layer) for layer in graph.layers))))


def channels(graph: Graph, *ops: str) -> int:
    """Output channels of all layers of these operators whose output has more than one pixel."""
    shapes = (graph.tensors[layer.outputs[0]].shape for layer in graph.layers if layer.op in ops)
    return sum(shape[-1] for shape in shapes if prod(shape[1:3]) > 1)


def tensor_elements(graph: Graph) -> int:
    """Elements read and written outside filters, activations fused; an n-ary operator moves n per element (Table 3)."""
    total = 0
    for layer in graph.layers:
        counts = graph.counts(layer)
        if layer.op in ("conv2d", "dwconv2d", "mul"):
            total += counts.input_elements + counts.output_elements
        elif layer.op not in ACTIVATIONS:
            total += counts.input_elements
    return total


def filter_elements(graph: Graph) -> int:
    biases = (graph.tensors[s.outputs[0]].shape[-1] for s in graph.layers if s.op in ("conv2d", "dwconv2d"))
    return totals(graph).weight_elements - sum(biases)
