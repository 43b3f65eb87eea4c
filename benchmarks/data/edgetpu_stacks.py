"""The published sweeps of convolution and dense stacks on an Edge TPU, as networks and what was measured of each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

CONV_FILE, DENSE_FILE = "edgetpu_conv3x3_stack_sweep.csv", "edgetpu_fc_stack_sweep.csv"

INPUTS = {"conv": (1, 64, 64, 3), "wide_dense": (1, 48 * 48 * 3), "narrow_dense": (1, 64)}
"""Input of each kind of stack; after its layers of the swept width a dense one ends in 10."""

_KIB_ABOVE = 16.0
"""A compiled size above this many MiB, twice what the chip has, was printed in KiB."""


class Compiled(NamedTuple):
    """Parameters on chip and streamed, in MiB, as the compiler printed them."""

    onchip_mib: float
    streamed_mib: float


class Stack(NamedTuple):
    """A network of the sweeps: kind, layers of the swept width, that width, and its measured latencies."""

    kind: str
    layers: int
    width: int
    latencies_s: tuple[float, ...]
    """Each a mean of about 100 runs."""
    compiled: Compiled | None

    @property
    def sweep(self) -> str:
        """What it shares with the other widths."""
        return f"{self.layers} x {self.kind}"

    @property
    def latency_s(self) -> float:
        """The median of its latencies."""
        return float(np.median(self.latencies_s))

    @property
    def graph(self) -> Graph:
        """The network. The files tell MACs and compiled sizes, which only these layers have."""
        b = GraphBuilder(f"{self.kind}_{self.layers}_{self.width}")
        x = b.input(INPUTS[self.kind])
        for _ in range(self.layers):
            if self.kind == "conv":
                x = b.conv2d(x, self.width, 3, activation="relu")
            else:
                x = b.dense(x, self.width, activation="relu")
        return b.build(x if self.kind == "conv" else b.dense(x, 10))


class _Row(NamedTuple):
    kind: str
    layers: int
    width: int
    latency_s: float
    compiled: Compiled | None


def read_stacks(directory: Path) -> tuple[Stack, ...]:
    """Every network once, by kind, layers and width. Raises OSError where the files are not there."""
    rows: dict[tuple[str, int, int], list[_Row]] = {}
    for row in (*_conv_rows(directory / CONV_FILE), *_dense_rows(directory / DENSE_FILE)):
        rows.setdefault(row[:3], []).append(row)
    return tuple(
        Stack(*key, tuple(row.latency_s for row in found), next((r.compiled for r in found if r.compiled), None))
        for key, found in sorted(rows.items())
    )


def _conv_rows(path: Path) -> Iterator[_Row]:
    for row in _rows(path):
        sizes = Compiled(float(row["onchip_MiB"]), float(row["offchip_MiB"]))
        yield _Row("conv", int(row["layers"]), int(row["filters"]), float(row["ms"]) / 1e3, sizes)


def _dense_rows(path: Path) -> Iterator[_Row]:
    """Sweeps with L30 in their name are left out: their sizes tell layers that their MACs do not."""
    for row in _rows(path):
        if "L30" not in row["file"]:
            kind = "narrow_dense" if "I64" in row["file"] else "wide_dense"
            layers = 4 if "L4" in row["file"] else 5 if "L5" in row["file"] else 1
            yield _Row(kind, layers, int(row["F"]), float(row["ms"]) / 1e3, _sizes(row["onchip"], row["offchip"]))


def _sizes(onchip: str, streamed: str) -> Compiled | None:
    if not onchip or not streamed:
        return None
    size = float(onchip)
    return Compiled(size / 1024 if size > _KIB_ABOVE else size, float(streamed))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
