"""Print how well calibrated platforms, moved to a sibling by a few measurements, predict its other networks.

Run from the root of the repository: python -m benchmarks.devices.transfer [DATA_DIR].
DATA_DIR, else $STAIRLINE_DATA, holds nnmeter/latency.csv.gz and nnmeter/layers.csv.gz. Takes some ten minutes; --quick
draws 5 times in place of 20.

Pixel 4 to the paper's Mi 9 is scored over every choice of 3 of the 7 networks that Table 4 has in FP32, on the other 4;
Adreno 640 to 630 and back over random choices of 10 of nn-Meter's networks, on all others. The siblings' bases were
themselves fitted to the very data that is scored, Table 4 and 585 of these networks: the rows that start from a base or
take structure from it are as good as somebody's who knew the device already. What is moved never saw the sibling, but
for one number: the Pixel 4's cost of a slice is the Mi 9's, times 1.86.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data.location import measurements
from benchmarks.paper.scenarios import model
from benchmarks.paper.table4 import cells
from stairline import hwmodels
from stairline.calibration.fitting.fit import fit_measured
from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.judging.intervals import outline
from stairline.calibration.judging.scores import SEED, score
from stairline.calibration.records.observation import Observation
from stairline.calibration.transfer.estimate import built_in, estimate_sibling, structure
from stairline.calibration.transfer.siblings import Hierarchy, hierarchy
from stairline.hwmodels import Platform, without_operators
from stairline.simulator.pricing.arrays import Indices, Vector
from stairline.simulator.readers.layer_table.reader import read_table

from .nnmeter import DEVICES, latencies_s, started

DTYPE = "float32"

Method = Callable[[Indices, Indices], tuple[Vector, float | None]]
"""From the observations that may be seen to the log errors on the others, and the share within the 90 % interval."""


class Case(NamedTuple):
    """A device to move to: its measured networks, which of them may be seen in each draw, and ways to predict."""

    title: str
    count: int
    draws: list[Indices]
    methods: dict[str, Method]


def scaled(platform: Platform, measured: Measured, by_ratio: bool) -> Method:
    """The platform as it stands, or its times multiplied by the median ratio of what may be seen."""
    errors = measured.log_errors(platform)
    return lambda seen, others: (errors[others] - (np.median(errors[seen]) if by_ratio else 0.0), None)


def transferred(calibrated: Platform, space: Hierarchy, measured: Measured) -> Method:
    """The calibrated platform moved."""
    usual, error = built_in(space.centre, DTYPE), structure(calibrated, DTYPE)

    def method(seen: Indices, others: Indices) -> tuple[Vector, float | None]:
        sibling, rest = estimate_sibling(space, measured.only(seen), error, usual), measured.only(others)
        errors = rest.log_errors(sibling.moved.platform)
        return errors, float(np.mean(sibling.interval.covers(outline(sibling.moved.platform, rest), errors)))

    return method


def fitted(base: Platform, measured: Measured) -> Method:
    """The base fitted to what may be seen."""
    return lambda seen, others: (
        measured.only(others).log_errors(fit_measured(base, measured.only(seen)).platform),
        None,
    )


def methods(
    calibrated: Platform, parent: Platform, base: Platform, observations: list[Observation]
) -> dict[str, Method]:
    """All ways, over what the calibrated platform lies over and over the sibling's base."""
    own, other = (hierarchy(calibrated, over, frozenset({DTYPE})) for over in (parent, base))
    here, there = (prepare(space.centre, observations) for space in (own, other))
    omitted = calibrated.overlay.omitted if calibrated.overlay else ()
    timed = next((started(d) for d in DEVICES if d.platform == base.name), without_operators(base, omitted))
    return {
        "as it stands": scaled(calibrated, here, by_ratio=False),
        "one ratio": scaled(calibrated, here, by_ratio=True),
        "transfer": transferred(calibrated, own, here),
        "transfer, --to the sibling's base": transferred(calibrated, other, there),
        "fit from the calibrated one's base": fitted(without_operators(parent, omitted), here),
        "fit from the sibling's base": fitted(timed, there),
    }


def table4_case() -> Case:
    """Pixel 4's Cortex-A76 to the Mi 9's, by 3 networks."""
    column = [c for c in cells() if (c.platform, c.dtype) == ("CPU", DTYPE)]
    observations = [Observation(model(c.model), DTYPE, c.published_ms / 1e3) for c in column]
    calibrated, base = hwmodels.load("pixel4-cortexa76-tflite2.1"), hwmodels.load("CPU")
    draws = [np.array(chosen) for chosen in combinations(range(len(observations)), 3)]
    ways = methods(calibrated, calibrated, base, observations)
    return Case("Pixel 4 Cortex-A76 to Mi 9, 3 networks of Table 4", len(observations), draws, ways)


def adreno_case(data: Path, origin: str, goal: str, draws: int) -> Case:
    """One Adreno to the other, by 10 networks."""
    device = next(d for d in DEVICES if d.platform == goal)
    measured_s = latencies_s(data / "latency.csv.gz", device.column)
    graphs = [g for g in read_table(data / "layers.csv.gz").networks() if g.name in measured_s]
    observations = [Observation(g, DTYPE, measured_s[g.name]) for g in graphs]
    random = np.random.default_rng(SEED)
    chosen = [random.choice(len(observations), 10, replace=False) for _ in range(draws)]
    ways = methods(*map(hwmodels.load, (f"{origin}-nnmeter", origin, goal)), observations)
    return Case(f"{origin} to {goal}, 10 networks", len(observations), chosen, ways)


def rows(case: Case) -> Iterator[tuple[str, ...]]:
    """A row per method: median and worst draw, and the share of networks within the interval."""
    for name, method in case.methods.items():
        scores, worst, covered = [], [], []
        for seen in case.draws:
            others = np.setdiff1d(np.arange(case.count), seen)
            errors, within_interval = method(seen, others)
            scores.append(score(errors))
            worst.append(np.max(np.abs(np.expm1(errors))))
            if within_interval is not None:
                covered.append(within_interval)
        mapes, within = [s.mape for s in scores], [s.within_10 for s in scores]
        interval = f"{np.mean(covered):.1%} ({min(covered):.1%})" if covered else "-"
        yield (
            name,
            f"{np.median(mapes):.1%}",
            f"{max(mapes):.1%}",
            f"{np.median(within):.1%}",
            f"{min(within):.1%}",
            f"{np.median(worst):.1%}",
            interval,
        )


def main(arguments: list[str]) -> None:
    """Print a table for each device moved to."""
    data = measurements(arguments, "nnmeter/latency.csv.gz") / "nnmeter"
    draws = 5 if "--quick" in arguments else 20
    gpus = ("mi9-adreno640-tflite2.1", "pixel3xl-adreno630-tflite2.1")
    console = Console(width=150)
    for case in (table4_case, *(lambda o=o, g=g: adreno_case(data, o, g, draws) for o, g in (gpus, gpus[::-1]))):
        made = case()
        table = Table(title=f"{made.title}: {len(made.draws)} choices, scored on the other networks")
        for heading in ("", "MAPE, median", "worst choice", "within 10 %, median", "worst choice"):
            table.add_column(heading, justify="left" if not heading else "right")
        table.add_column("worst network, median", justify="right")
        table.add_column("within the interval, mean (least)", justify="right")
        for row in rows(made):
            table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
