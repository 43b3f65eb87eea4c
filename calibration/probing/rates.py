"""Rates and costs that measurements show by themselves: MAC rates by operator, streaming by size, cost of a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.store.store import Record
from stairline.measure.timing.record import Measurement
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import OPS, count

_ELEMENT_BYTES = {"float32": 4, "float16": 4, "dynamic": 4, "int8": 1}
"""Storage of an element of a map, by the precision that a model is built in; float16 and dynamic compute in float32."""

_STREAMED_BYTES = tuple(1 << power for power in range(14, 27, 2))
"""Bytes that a streaming operator moves, 16 KiB to 64 MiB: from the first cache to memory."""

_STREAMS = ("add", "relu", "mul")
_DEPTHS = (1, 4, 16)


class Rate(NamedTuple):
    """The highest rate that was reached."""

    per_s: float
    what: str
    """The measurement that reached it."""
    among: int
    """Number of measurements that it is the highest of."""


class Call(NamedTuple):
    """The time of one operator in a stack of them, and the time that an inference takes beside them."""

    what: str
    layer_s: float
    called_s: float
    misfit: float
    """Largest relative distance of a stack's latency from the line through all."""


def rate_plan(dtype: str) -> Iterator[Configuration]:
    """The configurations to measure for rates: large convolutions, growing additions, and stacks of growing depth."""
    for hw, channels, kernel in ((56, 128, 3), (28, 256, 3), (28, 512, 1), (14, 1024, 1), (112, 64, 1)):
        yield _op("conv2d", dtype, hw=hw, cin=channels, cout=channels, kernel=kernel)
    for moved_bytes in _STREAMED_BYTES:
        channels = max(16, moved_bytes // (3 * _ELEMENT_BYTES[dtype] * 64**2))
        yield _op("add", dtype, hw=64 if channels > 16 else max(1, round((moved_bytes / 3 / 64) ** 0.5)), cin=channels)
    for depth in _DEPTHS:
        yield _op("conv2d", dtype, hw=14, cin=64, kernel=1, depth=depth)
        yield _op("dwconv2d", dtype, hw=14, cin=64, kernel=3, depth=depth)
        yield _op("sigmoid", dtype, hw=14, cin=64, depth=depth)


def compute_roofs(records: Sequence[Record]) -> dict[str, Rate]:
    """The highest rate in MACs per second of each kind of convolution."""
    rates: dict[str, list[tuple[float, str]]] = {}
    for one, outcome in _measured(records):
        if one.name in ("conv2d", "dwconv2d", "dense"):
            settings = dict(one.settings)
            kind = f"{one.name} {settings['kernel']}x{settings['kernel']}" if "kernel" in settings else one.name
            rates.setdefault(f"{kind}, {one.dtype}", []).append((_macs(one.graph()) / outcome.latency_s, one.label))
    return {kind: Rate(*max(found), len(found)) for kind, found in sorted(rates.items())}


def streaming(records: Sequence[Record]) -> tuple[tuple[float, float, str], ...]:
    """(bytes moved, bytes per second, what) of element-wise operators, the best within each factor of four in size."""
    best: dict[int, tuple[float, float, str]] = {}
    for one, outcome in _measured(records):
        if one.name in _STREAMS and "depth" not in dict(one.settings):
            moved_bytes = _moved_bytes(one)
            level = int(np.log2(moved_bytes)) // 2
            point = (moved_bytes, moved_bytes / outcome.latency_s, one.label)
            if level not in best or point[1] > best[level][1]:
                best[level] = point
    return tuple(best[level] for level in sorted(best))


def calls(records: Sequence[Record]) -> tuple[Call, ...]:
    """The cost of a call and of a layer, by a straight line through the latencies of stacks of two depths or more."""
    stacks: dict[Configuration, dict[int, float]] = {}
    for one, outcome in _measured(records):
        settings = dict(one.settings)
        depth = settings.pop("depth", 1)
        if one.kind == "op" and isinstance(depth, int):
            stacks.setdefault(configuration("op", one.name, settings, one.dtype), {})[depth] = outcome.latency_s
    found = []
    for one, times_s in stacks.items():
        if len(times_s) > 1:
            depths, seconds = np.array(list(times_s), dtype=float), np.array(list(times_s.values()))
            # Each stack counts by its relative error.
            layer_s, called_s = np.polyfit(depths, seconds, 1, w=1.0 / seconds)
            misfit = np.max(np.abs((layer_s * depths + called_s) / seconds - 1.0))
            found.append(Call(f"{one.label}, {one.dtype}", float(layer_s), float(called_s), float(misfit)))
    return tuple(found)


def _measured(records: Sequence[Record]) -> Iterator[tuple[Configuration, Measurement]]:
    return ((r.configuration, r.outcome) for r in records if isinstance(r.outcome, Measurement))


def _op(name: str, dtype: str, **settings: int) -> Configuration:
    return configuration("op", name, settings, dtype)


def _macs(graph: Graph) -> int:
    layers = graph.layers
    return sum(count(s.op, graph.shapes(s.inputs), graph.shapes(s.outputs), s.attributes).macs for s in layers)


def _moved_bytes(one: Configuration) -> float:
    graph = one.graph()
    moved = [t for layer in graph.layers if layer.op in OPS for t in (*layer.inputs, *layer.outputs)]
    elements = sum(int(np.prod(shape)) for shape in graph.shapes(moved))
    return float(elements * _ELEMENT_BYTES.get(one.dtype, 4))
