"""Print how well the Edge TPU's model predicts published stacks of layers that the fit had not seen, and their probes.

Run from the root of the repository: python -m benchmarks.devices.edgetpu_stacks [DATA_DIR [OUT_DIR]].
DATA_DIR, else $STAIRLINE_DATA, holds edgetpu_stacks/. With OUT_DIR the networks and their latencies are written there
as layers.csv and records.csv, from which 'stairline fit' makes the platform coral-edgetpu-tflite-stacks. Takes half a
minute.

30 % of the networks are fitted and the rest are scored, each network as the median of the sweeps that hold it. Rates
alone are fitted: banks, padding and tiles were read off all of the compiled sizes and latencies. Networks under 3 ms,
which hardly repeat, are left out of both.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data.edgetpu_stacks import Compiled, Stack, read_stacks
from benchmarks.data.location import measurements
from stairline import hwmodels
from stairline.calibration.fitting.fit import fit_measured
from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.judging.scores import SEED, score
from stairline.calibration.probing.steps import find_steps, lines
from stairline.calibration.records.observation import Observation
from stairline.simulator.pricing.arrays import Vector
from stairline.simulator.readers.layer_table.writer import write_table
from stairline.simulator.runtimes.edgetpu import stored_parameters
from stairline.simulator.walk import plan

PLATFORM = "coral-edgetpu-tflite"
SHORTEST_S = 3e-3
FITTED = 0.3
SPLITS = 10
GOAL_MAPE = 0.04
MIB = 2**20


def placed(stack: Stack) -> Compiled:
    """What the model keeps on chip and streams, in MiB."""
    machine = hwmodels.load(PLATFORM).machine()
    planned = plan(stack.graph, machine)
    stored = sum(stored_parameters(planned.graph, i, machine) for i in range(len(planned.graph.layers)))
    streamed = sum(k.work.streamed_elements for k in planned.kernels)
    return Compiled((stored - streamed) / MIB, streamed / MIB)


def same_size(one: Compiled, other: Compiled) -> bool:
    """Whether sizes agree within 1 % of all parameters and 0.03 MiB: three digits were printed."""
    near = 0.03 + 0.01 * sum(one)
    return all(abs(a - b) <= near for a, b in zip(one, other))


def held_out_errors(measured: Measured, seed: int) -> tuple[Vector, np.ndarray]:
    """log(predicted / observed) of all networks by a fit to 30 % of them, and the indices of the others."""
    order = np.random.default_rng(seed).permutation(len(measured))
    count = round(FITTED * len(measured))
    fitted = fit_measured(hwmodels.load(PLATFORM), measured.only(order[:count])).platform
    return measured.log_errors(fitted), order[count:]


def score_table(stacks: Sequence[Stack], errors: Vector, unseen: np.ndarray) -> Table:
    """Scores of the unseen networks by sweep, and of all of them."""
    table = Table("sweep", "unseen networks", "MAPE", "within 10 %", "within 20 %")
    sweeps = np.array([s.sweep for s in stacks])
    for name in [*dict.fromkeys(sweeps), "all"]:
        own = [i for i in unseen if name in (sweeps[i], "all")]
        s = score(errors[own])
        table.add_row(name, str(s.networks), f"{s.mape:.1%}", f"{s.within_10:.0%}", f"{s.within_20:.0%}")
    return table


def probe_lines(stacks: Sequence[Stack]) -> Iterator[str]:
    """What the probes find in each sweep, the cliffs also by the parameters on either side of them."""
    for name in dict.fromkeys(s.sweep for s in stacks):
        own = {s.width: s for s in stacks if s.sweep == name}
        found = find_steps(list(own), [s.latency_s for s in own.values()])
        yield f"{name}:"
        yield from (f"  {line}" for line in lines(found))
        long = [c for c in found.cliffs if own[c.after].latency_s > SHORTEST_S]
        if long and found.width:
            below, above = (sum(placed(own[width])) for width in long[0][:2])
            yield f"  its first cliff past 3 ms lies between {below:.2f} and {above:.2f} MiB of parameters"


def export(stacks: Sequence[Stack], directory: Path) -> None:
    """Write layers.csv and records.csv for 'stairline fit'."""
    directory.mkdir(parents=True, exist_ok=True)
    write_table((s.graph for s in stacks), directory / "layers.csv")
    with (directory / "records.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("net", "latency_ms"))
        rows.writerows((s.graph.name, f"{s.latency_s * 1e3:.4f}") for s in stacks)


def main(arguments: list[str]) -> None:
    """Print the tables."""
    data = measurements(arguments, "edgetpu_stacks") / "edgetpu_stacks"
    stacks = read_stacks(data)
    compiled = [s for s in stacks if s.compiled]
    same = sum(same_size(placed(s), s.compiled) for s in compiled if s.compiled)
    console = Console(width=110, highlight=False)
    console.print(f"on-chip and streamed parameters as compiled: {same} of {len(compiled)} networks")
    long = [s for s in stacks if s.latency_s > SHORTEST_S]
    measured = prepare(hwmodels.load(PLATFORM), (Observation(s.graph, "int8", s.latency_s, 0.03) for s in long))
    errors, unseen = held_out_errors(measured, SEED)
    console.print(score_table(long, errors, unseen))
    mapes = [score(e[rest]).mape for e, rest in (held_out_errors(measured, SEED + i) for i in range(SPLITS))]
    console.print(f"MAPE over {SPLITS} splits: {np.mean(mapes):.1%}, from {min(mapes):.1%} to {max(mapes):.1%}")
    console.print(f"goal: {GOAL_MAPE:.0%} on unseen networks over 3 ms")
    console.print("\n".join(probe_lines(stacks)))
    if len(arguments) > 1:
        export(long, Path(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
