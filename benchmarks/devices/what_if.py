"""Print how far an Adreno 630 made of the calibrated 640 by what datasheets say is from what was measured on it.

Run from the root of the repository: python -m benchmarks.devices.what_if [DATA_DIR].
DATA_DIR, else $STAIRLINE_DATA, holds nnmeter/latency.csv.gz and nnmeter/layers.csv.gz. Takes some two minutes.

The changes were stated before anything was scored, and no measurement of the 630 is in them. Clock, lanes and memory
are the makers'. What all units do together follows their number, what lies behind them does not; both follow the clock.
Beside it: the 640 as it stands, and the 640 moved by ten networks measured on the 630.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data.location import measurements
from stairline import hwmodels
from stairline.calibration.fitting.measured import prepare
from stairline.calibration.judging.scores import SEED
from stairline.calibration.records.observation import Observation
from stairline.calibration.transfer.siblings import hierarchy
from stairline.hwmodels import Platform, derive, without_residual
from stairline.hwmodels.files.changes import Change, Times, Value
from stairline.simulator.pricing.arrays import Vector
from stairline.simulator.readers.layer_table.reader import read_table
from stairline.simulator.whatif.effects import effect

from .nnmeter import latencies_s
from .transfer import DTYPE, transferred

ORIGIN, GOAL = "mi9-adreno640-tflite2.1-nnmeter", "pixel3xl_adreno630"
DRAWS, SAMPLED = 5, 300

CLOCK = 710e6 / 585e6
UNITS = 4 / 6
DRAM = 29.9 / 34.1

CHANGES: tuple[Change, ...] = (
    Value("platform.clock_hz", 710e6),
    Times("roofs.compute.float32.macs_per_cycle", 512 / 768),
    Value("shared.units", 4.0),
    Times("shared.fetch_bytes_per_s", CLOCK * UNITS),
    Times("roofs.memory.dram.bandwidth_bytes_per_s", DRAM),
    Times("roofs.memory.parameters.bandwidth_bytes_per_s", DRAM),
    Times("roofs.memory.dense_parameters.bandwidth_bytes_per_s", DRAM),
)
"""Snapdragon 855 to 845: 585 to 710 MHz, 768 to 512 lanes in 6 to 4 micro-SPTPs, 34.1 to 29.9 GB/s."""


def scores(log_errors: Vector) -> tuple[str, ...]:
    """Median and mean error, and the shares within 10 and 20 %."""
    errors = np.abs(np.expm1(log_errors))
    within = (f"{np.mean(errors <= most):.1%}" for most in (0.1, 0.2))
    return f"{np.median(errors):.1%}", f"{np.mean(errors):.1%}", *within, f"{np.median(np.expm1(log_errors)):+.1%}"


def covered(analytical: Platform, observations: Sequence[Observation]) -> float:
    """The share of random networks whose measured latency lies within the interval that the changes widen."""
    chosen = np.random.default_rng(SEED).choice(len(observations), SAMPLED, replace=False)
    within = 0
    for one in (observations[i] for i in chosen):
        found = effect(one.graph, analytical, CHANGES, DTYPE)
        within += abs(np.log(found.after.latency_s / one.latency_s)) <= np.log(found.factor)
    return within / SAMPLED


def main(arguments: list[str]) -> None:
    """Print the table."""
    data = measurements(arguments, "nnmeter/latency.csv.gz") / "nnmeter"
    measured_s = latencies_s(data / "latency.csv.gz", GOAL)
    graphs = (g for g in read_table(data / "layers.csv.gz").networks() if g.name in measured_s)
    observations = [Observation(g, DTYPE, measured_s[g.name]) for g in graphs]
    origin = hwmodels.load(ORIGIN)
    analytical, made = without_residual(origin), derive(origin, CHANGES)
    table = Table("", "median error", "mean", "within 10 %", "within 20 %", "median bias", title=GOAL)
    rows = {f"{ORIGIN} as it stands": analytical, "by datasheet changes alone": made}
    for label, platform in rows.items():
        table.add_row(label, *scores(prepare(platform, observations).log_errors(platform)))
    space = hierarchy(origin, hwmodels.load(ORIGIN.removesuffix("-nnmeter")), frozenset({DTYPE}))
    measured = prepare(space.centre, observations)
    method, random, everything = (
        transferred(origin, space, measured),
        np.random.default_rng(SEED),
        np.arange(len(measured)),
    )
    for draw in range(DRAWS):
        seen = random.choice(len(measured), 10, replace=False)
        errors, _ = method(seen, np.setdiff1d(everything, seen))
        table.add_row(f"moved by ten networks, draw {draw + 1}", *scores(errors))
    Console(width=130).print(table)
    print(f"within the widened 90 % interval: {covered(analytical, observations):.1%} of {SAMPLED} networks")


if __name__ == "__main__":
    main(sys.argv[1:])
