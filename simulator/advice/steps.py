"""The staircase of latency over the channels of a layer: how many more are free, and where the next step down is.

Feature maps are padded to the tiles of the hardware, so latency climbs in steps (the paper's Finding 1); the widths
worth using are the last ones on each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.pricing.predict import predict

WIDENED = ("conv2d", "dense")
"""Operators whose number of output channels is a choice of the network's designer."""


class LayerSteps(NamedTuple):
    """One layer's place on its staircase, and how many layers of the network are like it. Times in seconds."""

    layer: str
    op: str
    layers: int
    """The number of the network's layers that have the same shapes and attributes."""
    channels: int
    latency_s: float
    free_up_to: int
    """The most output channels that cost no more, but for the tolerance."""
    step_below: int | None
    """The most output channels that cost less; None where none do."""
    below_s: float | None
    """The latency at ``step_below``."""


def edges(channels: Sequence[int], latencies_s: Sequence[float], tolerance: float) -> list[int]:
    """The last of ``channels``, which ascend, on each step: all that are wider cost more, by over ``tolerance``."""
    found: list[int] = []
    cheapest_wider = float("inf")
    for width, time_s in reversed(list(zip(channels, latencies_s))):
        if time_s * (1.0 + tolerance) < cheapest_wider:
            found.insert(0, width)
        cheapest_wider = min(cheapest_wider, time_s)
    return found


def layer_steps(
    graph: Graph, platform: Platform, dtype: str | None = None, *, reach: int = 64, tolerance: float = 0.001
) -> list[LayerSteps]:
    """The place of each convolution and dense layer of a network on the staircase of its output channels.

    Each layer is predicted alone, with up to ``reach`` output channels fewer and more; grouped convolutions step by
    their groups. Equal layers are one row. Raises as ``predict`` does.
    """
    alike: dict[Graph, list[Layer]] = {}
    for layer in graph.layers:
        if layer.op in WIDENED:
            alike.setdefault(alone(graph, layer, layer.attributes.c_out), []).append(layer)
    return [_steps(graph, layers, platform, dtype, reach, tolerance) for layers in alike.values()]


def _steps(
    graph: Graph, layers: Sequence[Layer], platform: Platform, dtype: str | None, reach: int, tolerance: float
) -> LayerSteps:
    layer, own, by = layers[0], layers[0].attributes.c_out, layers[0].attributes.groups
    widths = range(max(own - reach // by * by, by), own + reach // by * by + 1, by)
    times_s = [predict(alone(graph, layer, width), platform, dtype).operators_s for width in widths]
    own_s = times_s[widths.index(own)]
    free = max(width for width, time_s in zip(widths, times_s) if width >= own and time_s <= own_s * (1.0 + tolerance))
    below = [width for width in edges(widths, times_s, tolerance) if width < own]
    step_below = max((w for w in below if times_s[widths.index(w)] < own_s * (1.0 - tolerance)), default=None)
    below_s = None if step_below is None else times_s[widths.index(step_below)]
    return LayerSteps(layer.name, layer.op, len(layers), own, own_s, free, step_below, below_s)


def alone(graph: Graph, layer: Layer, c_out: int) -> Graph:
    """The network of one layer, with another number of output channels."""
    builder = GraphBuilder(layer.op)
    x = builder.input(graph.tensors[layer.inputs[0]].shape)
    return builder.build(builder.layers(layer.op, [x], layer.attributes._replace(c_out=c_out)))
