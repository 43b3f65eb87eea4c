"""Print how far the Ethos-U platforms are from Vela's own estimates: networks never seen, and the steps of layers.

Run from the root of the repository: python -m benchmarks.compilers.ethos_u DIR [networks|steps]
The Keras applications are written to DIR where they are not there yet, and so are the layers of the sweeps. Everything
is computed, so that the same versions print the same numbers. On a quiet core it takes some ten minutes.
"""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import stairline
from benchmarks.data.applications import APPLICATIONS, application_path, write_applications
from stairline.calibration.probing.steps import find_steps
from stairline.measure.models.build import tflite_bytes
from stairline.measure.runtimes.vela import SYSTEMS, estimate
from stairline.measure.timing.errors import MeasureError
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

ACCELERATORS = (
    *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
    *(f"ethos-u65-{macs}" for macs in (256, 512)),
    *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
)
PLATFORMS = {accelerator: f"{accelerator}-vela5.2" for accelerator in ACCELERATORS}
SWEEPS, POINTS, SEED = 30, 24, 1


class Layer(NamedTuple):
    """A single layer between a network's input and output."""

    op: str
    hw: int
    c_in: int
    c_out: int
    kernel: int
    stride: int

    @property
    def name(self) -> str:
        """What tells it from the others, as a file's name."""
        return "-".join(map(str, self))


class Sweep(NamedTuple):
    """A layer of which one size takes one value after the other."""

    layer: Layer
    axis: str
    values: tuple[int, ...]

    def layers(self) -> Iterator[Layer]:
        """The layer at every value."""
        for value in self.values:
            yield self.layer._replace(**{self.axis: value})


def sweeps() -> list[Sweep]:
    """Random sweeps under a fixed seed, over convolutions, depthwise convolutions and dense layers in turn."""
    generator = random.Random(SEED)
    return [_sweep(generator, ("conv2d", "dwconv2d", "dense")[number % 3]) for number in range(SWEEPS)]


def _sweep(generator: random.Random, op: str) -> Sweep:
    axes = {"conv2d": ("c_out", "c_in", "hw"), "dwconv2d": ("c_in", "hw"), "dense": ("c_out", "c_in")}[op]
    axis, step = generator.choice(axes), generator.choice((1, 2, 4))
    first = generator.randint(4, 24) if axis == "hw" else generator.randint(1, 96)
    kernel, stride = (1, 1) if op == "dense" else (generator.choice((1, 3, 3, 5)), generator.choice((1, 1, 2)))
    hw = 1 if op == "dense" else generator.randint(7, 56)
    layer = Layer(op, hw, generator.randint(8, 256), generator.randint(8, 256), kernel, stride)
    return Sweep(layer, axis, tuple(range(first, first + POINTS * step, step)))


def graph_of(layer: Layer) -> Graph:
    """The network that holds only this layer."""
    b = GraphBuilder(layer.name)
    if layer.op == "dense":
        return b.build(b.dense(b.input((1, layer.c_in)), layer.c_out))
    x = b.input((1, layer.hw, layer.hw, layer.c_in))
    if layer.op == "dwconv2d":
        return b.build(b.dwconv2d(x, layer.kernel, layer.stride))
    return b.build(b.conv2d(x, layer.c_out, layer.kernel, layer.stride))


def vela_tables(accelerator: str, model: Path, *tables: str) -> list[list[dict[str, str]]]:
    """The rows of tables that Vela writes of a .tflite file, such as "summary", in this process: for many small files.

    Raises RuntimeError where Vela fails on the file.
    """
    from ethosu.vela import vela

    system = SYSTEMS[accelerator.split("-")[1]]
    with TemporaryDirectory() as directory, redirect_stdout(io.StringIO()):
        vela.main([
            str(model),
            f"--output-dir={directory}",
            f"--accelerator-config={accelerator}",
            f"--system-config={system.system}",
            f"--memory-mode={system.memory}",
            "--config=Arm/vela.ini",
            "--verbose-performance",
        ])  # fmt: skip
        return [_rows(next(Path(directory).glob(f"*_{table}*.csv"))) for table in tables]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def vela_s(accelerator: str, model: Path) -> float:
    """Vela's estimate as ``estimate`` takes it, in seconds."""
    [summary] = vela_tables(accelerator, model, "summary")
    return float(summary[-1]["inference_time"])


def score_networks(directory: Path, console: Console) -> None:
    """Vela's time, the prediction and its error for each network on each configuration."""
    write_applications(directory)
    table = Table("network", "configuration", "Vela, ms", "predicted, ms", "error")
    errors: dict[str, list[float]] = {name: [] for name in PLATFORMS}
    for name in APPLICATIONS:
        path = application_path(directory, name, "int8")
        for accelerator, platform in PLATFORMS.items():
            try:
                measured_s = estimate(accelerator, path).median_s
            except MeasureError as error:
                table.add_row(name, accelerator, "none", str(error), "")
                continue
            predicted_s = stairline.load(platform).predict(stairline.read(path)).latency_s
            errors[accelerator].append(predicted_s / measured_s - 1.0)
            numbers = f"{measured_s * 1e3:.3f}", f"{predicted_s * 1e3:.3f}", f"{errors[accelerator][-1]:+.2%}"
            table.add_row(name, accelerator, *numbers)
    console.print(table)
    for accelerator, found in errors.items():
        console.print(f"{accelerator}: MAPE {mean(map(abs, found)):.2%} over {len(found)} networks")


def score_steps(directory: Path, console: Console) -> None:
    """In how many sweeps the predicted staircase has the edges of Vela's, and no others."""
    table = Table("sweep", "from", "to", *(f"{name}\nedges, largest error" for name in PLATFORMS))
    exact = dict.fromkeys(PLATFORMS, 0)
    for sweep in sweeps():
        files = [_written(directory, layer) for layer in sweep.layers()]
        cells = []
        for accelerator, platform in PLATFORMS.items():
            device = stairline.load(platform)
            measured_s = [vela_s(accelerator, file) for file in files]
            predicted_s = [device.predict(stairline.read(file)).latency_s for file in files]
            own, theirs = (_edges(sweep.values, times_s) for times_s in (predicted_s, measured_s))
            exact[accelerator] += own == theirs
            error = max(abs(p / m - 1.0) for p, m in zip(predicted_s, measured_s))
            wrong = "" if own == theirs else f", {len(own ^ theirs)} differ"
            cells.append(f"{len(theirs)}{wrong}, {error:.1%}")
        table.add_row(f"{sweep.axis} of {sweep.layer.name}", str(sweep.values[0]), str(sweep.values[-1]), *cells)
    console.print(table)
    for accelerator, count in exact.items():
        console.print(f"{accelerator}: edges of {count} of {SWEEPS} sweeps exact")


def _edges(values: Sequence[int], times_s: Sequence[float]) -> set[tuple[int, int]]:
    return {(edge.before, edge.after) for edge in find_steps(values, times_s).edges}


def _written(directory: Path, layer: Layer) -> Path:
    path = directory / "layers" / f"{layer.name}.tflite"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tflite_bytes(graph_of(layer), "int8"))
    return path


def main(directory: Path, parts: Sequence[str]) -> None:
    """Print the tables."""
    console = Console(width=150)
    if "networks" in parts:
        score_networks(directory, console)
    if "steps" in parts:
        score_steps(directory, console)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ("networks", "steps"))
