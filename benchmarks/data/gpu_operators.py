"""Published latencies of single GPU kernels, each as a network of that kernel alone."""

from __future__ import annotations

import ast
import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

_LONGEST = 1000
"""Characters of a feature text; longer ones are not parsed."""
_ACTIVATIONS = ("relu", "hard_swish", "sigmoid")


class Operator(NamedTuple):
    """One kernel as it ran in a network."""

    network: str
    kind: str
    """The TensorFlow Lite operator that leads it."""
    sizes: tuple[tuple[str, int], ...]
    fused: tuple[str, ...]
    """Element-wise operators behind it in the same kernel."""
    latency_s: float

    @property
    def kernel(self) -> tuple[object, ...]:
        """What it shares with equal kernels of other networks."""
        return self.kind, self.sizes, self.fused


def read_operators(path: Path) -> tuple[Operator, ...]:
    """Every kernel of every network, in the file's order. Raises OSError, and ValueError for a feature that is none."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return tuple(_operators(csv.DictReader(file)))


def _operators(rows: csv.DictReader[str]) -> Iterator[Operator]:
    for row in rows:
        first, *fused = (part.strip("_:0123456789") for part in row["pixel4|gpu|kernel"].split("linked"))
        kind = "MEAN" if first == "mean" else row["operation"]
        latency_s = float(row["pixel4|gpu|float"]) / 1e6
        yield Operator(row["model"], kind, _sizes(row["feature"]), tuple(fused), latency_s)


def _sizes(text: str) -> tuple[tuple[str, int], ...]:
    feature = ast.literal_eval(text) if len(text) <= _LONGEST else None
    if not isinstance(feature, dict):
        raise ValueError(f"'{text[:40]}' is no feature")
    return tuple((str(key), int(value)) for key, value in feature.items() if str(value).isdigit())


def graph_of(operator: Operator, name: str) -> Graph:
    """The kernel as a network of its own: the leading operator and what is fused behind it."""
    size = dict(operator.sizes)
    b = GraphBuilder(name)
    channels, out = size["Input_channel"], size.get("Output_shape", 1)
    kernel, stride = size.get("Kernel", 1), size.get("Stride", 1)
    if operator.kind in ("FULLY_CONNECTED", "MEAN", "CONCATENATION"):
        x = _unwindowed(b, operator.kind, size)
    else:
        x = b.input((1, (out - 1) * stride + kernel, (out - 1) * stride + kernel, channels))
        if operator.kind.startswith("CONV_2D"):
            x = b.conv2d(x, size["Filter"], kernel, stride, padding="valid", groups=size.get("Group", 1))
        elif operator.kind == "DEPTHWISE_CONV_2D":
            x = b.dwconv2d(x, kernel, stride, padding="valid")
        else:
            op = "maxpool2d" if operator.kind == "MAX_POOL_2D" else "avgpool2d"
            x = b.pool(op, x, kernel, stride, padding="valid")
    return b.build(_fused(b, x, operator.fused))


def _unwindowed(b: GraphBuilder, kind: str, size: dict[str, int]) -> int:
    if kind == "FULLY_CONNECTED":
        return b.dense(b.input((1, size["Input_channel"])), size["Filter"])
    map_size = size["Input_shape"]
    if kind == "MEAN":
        return b.layer("globalavgpool2d", b.input((1, map_size, map_size, size["Input_channel"])))
    # Of the joined operands, the first one's channels are known; the others share the rest.
    first, count = size["Input_channel"], size["Kernel"]
    rest, others = size["Filter"] - first, count - 1
    widths = [first, *(rest // others + (i < rest % others) for i in range(others))]
    return b.layer("concat", *(b.input((1, map_size, map_size, width)) for width in widths))


def _fused(b: GraphBuilder, x: int, ops: tuple[str, ...]) -> int:
    """An addition reads another tensor, unless a multiplication follows: that pair is a batch normalisation, folded."""
    for op in ops if "mul" not in ops else [op for op in ops if op in _ACTIVATIONS]:
        x = b.layer(op, x, b.input(b.shape(x))) if op == "add" else b.layer(op, x)
    return x
