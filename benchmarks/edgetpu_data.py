"""The published sweeps of convolution and dense stacks on an Edge TPU, as networks and what was measured of each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.builder import GraphBuilder
from simulator.graph import Graph

CONV_FILE, DENSE_FILE = "edgetpu_conv3x3_stack_sweep.csv", "edgetpu_fc_stack_sweep.csv"


class Stack(NamedTuple):
    """A network of the sweeps: its kind and swept width, its measured latencies, and its parameters as compiled."""

    kind: str
    width: int
    latencies_s: tuple[float, ...]
    onchip_mib: float
    offchip_mib: float

    @property
    def latency_s(self) -> float:
        """The median of its latencies, each of which is a mean of about 100 runs."""
        return float(np.median(self.latencies_s))

    @property
    def graph(self) -> Graph:
        """The network: the sweeps' MACs and compiled sizes tell the layers that their files do not."""
        b = GraphBuilder(f"{self.kind}_{self.width}")
        layers, kind = int(self.kind[-1]), self.kind[:-1]
        x = b.input({"conv": (1, 64, 64, 3), "dense": (1, 48 * 48 * 3), "narrow_dense": (1, 64)}[kind])
        for _ in range(layers):
            if kind == "conv":
                x = b.conv2d(x, self.width, 3, activation="relu")
            else:
                x = b.dense(x, self.width, activation="relu")
        return b.build(x if kind == "conv" else b.dense(x, 10))


def read_stacks(directory: Path) -> tuple[Stack, ...]:
    """Every network once, in the order of kinds and widths. Raises OSError where the files are not there."""
    rows: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for kind, width, row in (*_conv_rows(directory / CONV_FILE), *_dense_rows(directory / DENSE_FILE)):
        rows.setdefault((kind, width), []).append(row)
    return tuple(
        Stack(*key, tuple(ms / 1e3 for ms, _, _ in found), *max(found)[1:]) for key, found in sorted(rows.items())
    )


def _conv_rows(path: Path) -> Iterator[tuple[str, int, tuple[float, float, float]]]:
    for row in _rows(path):
        sizes = float(row["onchip_MiB"]), float(row["offchip_MiB"])
        yield f"conv{row['layers']}", int(row["filters"]), (float(row["ms"]), *sizes)


def _dense_rows(path: Path) -> Iterator[tuple[str, int, tuple[float, float, float]]]:
    for row in _rows(path):
        kind = _dense_kind(row["file"])
        if kind is not None:
            yield kind, int(row["F"]), (float(row["ms"]), float(row["onchip"] or 0), float(row["offchip"] or 0))


def _dense_kind(file: str) -> str | None:
    """Layers of the swept width by the name of the sweep. None for one whose layers its own numbers contradict."""
    if "L4-I64" in file:
        return "narrow_dense4"
    if "L5" in file:
        return "dense5"
    return None if "L30" in file else "dense1"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
