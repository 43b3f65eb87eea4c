"""Print how well calibrated platforms predict networks of nn-Meter that the fit had not seen, beside the goals.

Run from the root of the repository: python -m benchmarks.devices.nnmeter [DATA_DIR [PLATFORM...]].
DATA_DIR, else $STAIRLINE_DATA, holds nnmeter/latency.csv.gz and nnmeter/layers.csv.gz: the networks' measured latencies
and their layers. Takes about 15 minutes and 1.5 GB on one core. Seeds are fixed.

The platforms but the Mi 9's were first fitted to some of these very networks, and every fit starts from them. The prior
that holds a fit to its start is as wide as a factor of 20, so what carries over is the choice of mechanisms.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data.location import measurements
from stairline import hwmodels
from stairline.calibration.fitting.fit import fit_measured
from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.fitting.residual import with_residual
from stairline.calibration.judging.intervals import coverage, interval, outline
from stairline.calibration.judging.scores import SEED, Score, fold_numbers, held_out, over_families, score
from stairline.calibration.records.families import family
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import Platform, with_fit_bounds, with_values, without_operators
from stairline.simulator.readers.layer_table.reader import LayerTable, read_table


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
    stated: Mapping[str, float] = {}
    """Numbers that are others under this harness."""


DEVICES = (
    Device("pixel4_cortexa76", "pixel4-cortexa76-tflite2.1", "float32", (0.995, 0.97, 0.97)),
    Device(
        *("mi9_adreno640", "mi9-adreno640-tflite2.1", "float32", (0.995, 0.95, 0.96), ("dense",)),
        freed={"shared.fetch_bytes_per_s": (3e10, 1.92e11)},
        stated={"kernels.conv2d|conv2d_transpose.group_max": 512},
    ),
    Device(
        *("pixel3xl_adreno630", "pixel3xl-adreno630-tflite2.1", "float32", (0.995, 0.95, 0.96), ("dense",)),
        freed={"overheads.inference_s": (1e-7, 1e-3)},
    ),
    Device("ncs2_myriadx", "ncs2-myriadx-openvino2019r2", "float16", (0.95, 0.80, 0.85)),
)


class Result(NamedTuple):
    """The models alone, with a residual, and the share of networks within the 90 % interval of the latter."""

    analytical: Score
    corrected: Score
    covered: float


PROTOCOLS = ("fit on 1,000, score the rest", "leave one family out, mean", "fit on 100, score the rest")


def started(device: Device) -> Platform:
    """The platform that a fit starts from."""
    timed = without_operators(hwmodels.load(device.platform), device.omitted)
    return with_fit_bounds(with_values(timed, device.stated), device.freed)


def latencies_s(path: Path, column: str) -> dict[str, float]:
    """Measured latency of every network of a device that has one, in seconds."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {r["net"]: float(r[f"{column}_ms"]) / 1e3 for r in csv.DictReader(file) if r[f"{column}_ms"]}


def measured_on(platform: Platform, device: Device, table: LayerTable, measured_s: dict[str, float]) -> Measured:
    """Every measured network of a device, planned."""
    graphs = (graph for graph in table.networks() if graph.name in measured_s)
    found = (Observation(g, device.dtype, measured_s[g.name], family=family(g.name)) for g in graphs)
    return prepare(platform, found)


def fitted_on(platform: Platform, measured: Measured, count: int) -> Result:
    """All networks but ``count`` random ones, which are fitted."""
    order = np.random.default_rng(SEED).permutation(len(measured))
    known, rest = measured.only(order[:count]), measured.only(order[count:])
    fitted = fit_measured(platform, known).platform
    corrected = with_residual(fitted, known)
    # The interval rests on the fitted networks alone, each held out in turn.
    _, errors = held_out(platform, known)
    seen = outline(corrected, known)
    covered = interval(seen, errors).covers(outline(corrected, rest, seen.kinds), rest.log_errors(corrected))
    return Result(score(rest.log_errors(fitted)), score(rest.log_errors(corrected)), float(np.mean(covered)))


def families_left_out(platform: Platform, measured: Measured) -> Result:
    """The mean over families, each left out of fits and intervals."""
    analytical, corrected = held_out(platform, measured)
    by_family = [over_families(measured, errors) for errors in (analytical, corrected)]
    order = np.random.default_rng(SEED).permutation(len(measured))[:1000]
    seen = outline(with_residual(fit_measured(platform, measured.only(order)).platform, measured.only(order)), measured)
    covered = coverage(seen, corrected, fold_numbers(measured)).families
    assert by_family[0] is not None
    assert by_family[1] is not None
    assert covered is not None
    return Result(by_family[0], by_family[1], covered)


def protocols(platform: Platform, measured: Measured) -> Iterator[Result]:
    """A result per protocol."""
    yield fitted_on(platform, measured, 1000)
    yield families_left_out(platform, measured)
    yield fitted_on(platform, measured, 100)


def main(arguments: list[str]) -> None:
    """Print the table."""
    data = measurements(arguments, "nnmeter/latency.csv.gz") / "nnmeter"
    chosen = [device for device in DEVICES if not arguments[1:] or device.platform in arguments[1:]]
    layers = read_table(data / "layers.csv.gz")
    table = Table("platform", "networks", "protocol", "within 10 %", "goal", "models alone", "within 20 %", "covered")
    for device in chosen:
        platform = started(device)
        measured = measured_on(platform, device, layers, latencies_s(data / "latency.csv.gz", device.column))
        for protocol, goal, found in zip(PROTOCOLS, device.goals, protocols(platform, measured)):
            reached = found.corrected.within_10
            shown = f"{reached:.1%}{'' if reached >= goal else ' (below)'}"
            alone = (f"{found.analytical.within_10:.1%}", f"{found.analytical.within_20:.1%}")
            row = (device.platform, str(len(measured)), protocol, shown, f"{goal:.1%}", *alone, f"{found.covered:.1%}")
            table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
