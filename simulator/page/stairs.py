"""Staircases of the layers that take the most time: latency over output channels, with the layer's own place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.advice.steps import WIDENED, alone
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction

from .axes import BOTTOM, LEFT, RIGHT, TOP, Axis, Tick, round_ticks

_MOST_LAYERS, _REACH, _MOST_WIDTHS = 6, 64, 64


class Dot(NamedTuple):
    """One width that was predicted, and what a reader sees on pointing at it."""

    x: float
    y: float
    title: str


class Staircase(NamedTuple):
    """The figure of one layer, in units of its picture of 400 x 300."""

    layer: str
    what: str
    path: str
    own: Dot
    """The layer as it is."""
    dots: tuple[Dot, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def staircases(graph: Graph, platform: Platform, prediction: Prediction) -> tuple[Staircase, ...]:
    """The staircases of the convolutions and dense layers that take the most time, one of each shape."""
    times_s = {name: kernel.latency_s for kernel in prediction.kernels for name in kernel.layers[:1]}
    timed = (layer for layer in graph.layers if layer.op in WIDENED and layer.name in times_s)
    layers = sorted(timed, key=lambda layer: -times_s[layer.name])
    chosen: dict[Graph, Layer] = {}
    for layer in layers:
        chosen.setdefault(alone(graph, layer, layer.attributes.c_out), layer)
        if len(chosen) == _MOST_LAYERS:
            break
    return tuple(_staircase(graph, layer, platform, prediction.summary.dtype) for layer in chosen.values())


def _staircase(graph: Graph, layer: Layer, platform: Platform, dtype: str) -> Staircase:
    own, by = layer.attributes.c_out, layer.attributes.groups
    widths = _widths(own, by)
    times_s = [predict(alone(graph, layer, width), platform, dtype).operators_s for width in widths]
    x = Axis(widths[0], widths[-1], LEFT, RIGHT)
    low, high = min(times_s), max(times_s)
    room = 0.1 * (high - low) or 0.1 * high or 1e-9
    y = Axis(max(low - room, 0.0) * 1e3, (high + room) * 1e3, BOTTOM, TOP)
    places = [(x.place(width), y.place(time_s * 1e3)) for width, time_s in zip(widths, times_s)]
    dots = [Dot(px, py, f"{w} channels: {t * 1e3:.4g} ms") for (px, py), w, t in zip(places, widths, times_s)]
    shape = graph.tensors[layer.inputs[0]].shape
    kernel = "x".join(map(str, layer.attributes.kernel))
    return Staircase(
        layer.name,
        f"{layer.op} {kernel}, {' x '.join(map(str, shape[1:]))} to {own} channels",
        _steps(places),
        dots[widths.index(own)],
        tuple(dots),
        round_ticks(x),
        round_ticks(y),
    )


def _widths(own: int, by: int) -> list[int]:
    """Widths around the own one that the layer's groups divide, few enough to predict and the own one among them."""
    step = by * max(1, -(-2 * _REACH // (_MOST_WIDTHS * by)))
    low = max(own % step or step, own - _REACH // step * step)
    return list(range(low, max(own + _REACH, low + 2 * step) + 1, step))


def _steps(places: Sequence[tuple[float, float]]) -> str:
    """The points of a line that stays level up to each width and climbs right behind it."""
    points = [places[0]]
    for (x, y), (before, level) in zip(places[1:], places):
        points += [(before, y), (x, y)] if y != level else [(x, y)]
    return " ".join(f"{x},{y}" for x, y in points)
