"""Print how well calibrated platforms predict networks of nn-Meter that the fit had not seen, beside the goals.

Run from the root of the repository: python -m benchmarks.nnmeter [DATA_DIR]. DATA_DIR, else $STAIRLINE_DATA, holds
nnmeter/latency.csv.gz and nnmeter/layers.csv.gz: the networks' measured latencies and their layers. Takes about three
minutes and 1.5 GB on two cores. The analytical part alone; seeds are fixed.

The platforms but the Mi 9's were first fitted to some of these very networks, and every fit starts from them. The prior
that holds a fit to its start is as wide as a factor of 20, so what carries over is the choice of mechanisms.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

import hwmodels
from calibration.fit import fit_measured
from calibration.pricing import Measured, Observation, prepare
from calibration.scores import SEED, Score, family_scores, held_out_families, mean_score, score
from hwmodels import Platform, with_free, without_operators
from simulator.readers.layer_table import LayerTable, read_table


class Device(NamedTuple):
    """A column of the latencies, the platform fitted to it, and the goals: shares within 10 % by protocol."""

    column: str
    platform: str
    dtype: str
    goals: tuple[float, float, float]
    omitted: tuple[str, ...] = ()
    """Operators of which the harness's times hold nothing."""
    freed: Mapping[str, tuple[float, float]] = {}
    """Numbers fitted beside those that the platform marks, with their bounds."""


DEVICES = (
    Device("pixel4_cortexa76", "pixel4-cortexa76-tflite2.1", "float32", (0.995, 0.97, 0.97)),
    Device("mi9_adreno640", "mi9-adreno640-tflite2.1", "float32", (0.995, 0.95, 0.96), ("dense",)),
    Device(
        *("pixel3xl_adreno630", "pixel3xl-adreno630-tflite2.1", "float32", (0.995, 0.95, 0.96), ("dense",)),
        freed={"overheads.inference_s": (1e-7, 1e-3)},
    ),
    Device("ncs2_myriadx", "ncs2-myriadx-openvino2019r2", "float16", (0.95, 0.80, 0.85)),
)
PROTOCOLS = ("fit on 1,000, score the rest", "leave one family out, mean", "fit on 100, score the rest")


def latencies_s(path: Path, column: str) -> dict[str, float]:
    """Measured latency of every network of a device that has one, in seconds."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {r["net"]: float(r[f"{column}_ms"]) / 1e3 for r in csv.DictReader(file) if r[f"{column}_ms"]}


def measured_on(platform: Platform, device: Device, table: LayerTable, measured_s: dict[str, float]) -> Measured:
    """Every measured network of a device, planned."""
    graphs = (graph for graph in table.networks() if graph.name in measured_s)
    return prepare(platform, (Observation(g, device.dtype, measured_s[g.name]) for g in graphs))


def fitted_on(platform: Platform, measured: Measured, count: int) -> Score:
    """The score on all networks but ``count`` random ones, which are fitted."""
    order = np.random.default_rng(SEED).permutation(len(measured))
    fitted = fit_measured(platform, measured.only(order[:count])).platform
    return score(measured.only(order[count:]).log_errors(fitted))


def protocols(platform: Platform, measured: Measured) -> Iterator[Score]:
    """A score per protocol."""
    yield fitted_on(platform, measured, 1000)
    yield mean_score(list(family_scores(measured, held_out_families(platform, measured)).values()))
    yield fitted_on(platform, measured, 100)


def main(arguments: list[str]) -> None:
    """Print the table."""
    directory = (arguments or [os.environ.get("STAIRLINE_DATA", "")])[0]
    data = Path(directory) / "nnmeter"
    if not directory or not (data / "latency.csv.gz").exists():
        sys.exit("usage: python -m benchmarks.nnmeter DATA_DIR, the directory that holds nnmeter/latency.csv.gz")
    layers = read_table(data / "layers.csv.gz")
    table = Table("platform", "networks", "protocol", "within 10 %", "goal", "within 20 %", "MAPE")
    for device in DEVICES:
        platform = with_free(without_operators(hwmodels.load(device.platform), device.omitted), device.freed)
        measured = measured_on(platform, device, layers, latencies_s(data / "latency.csv.gz", device.column))
        for protocol, goal, s in zip(PROTOCOLS, device.goals, protocols(platform, measured)):
            shown = f"{s.within_10:.1%}{'' if s.within_10 >= goal else ' (below)'}"
            row = (device.platform, str(len(measured)), protocol, shown, f"{goal:.1%}")
            table.add_row(*row, f"{s.within_20:.1%}", f"{s.mape:.1%}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
