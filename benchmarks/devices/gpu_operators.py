"""Print how well the Adreno 640's model under TensorFlow Lite 2.10 predicts kernels of networks left out of the fit.

Run from the root of the repository: python -m benchmarks.devices.gpu_operators [DATA_DIR]. DATA_DIR, else
$STAIRLINE_DATA, holds pixel4_gpu_ops/ops.csv.gz: 3,421 kernels of 68 networks with their latencies. Takes two minutes.

Five folds over networks, seed fixed: a kernel is predicted by a fit to the kernels of the other folds' networks, each
different one once, as the median of its latencies. A network's sum is that of its kernels, not its latency.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.data.gpu_operators import Operator, graph_of, read_operators
from benchmarks.data.location import measurements
from stairline import hwmodels
from stairline.calibration.fitting.fit import fit_measured
from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.fitting.residual import with_residual
from stairline.calibration.judging.scores import FOLDS, SEED
from stairline.calibration.records.observation import Observation
from stairline.hwmodels import Platform
from stairline.simulator.pricing.arrays import Vector

PLATFORM = "pixel4-adreno640-tflite2.10"
SIGMA = 0.05
GOAL_OPERATOR, GOAL_NETWORKS = 0.08, 0.90


def latencies_s(operators: Sequence[Operator]) -> dict[tuple[object, ...], float]:
    """The median latency of each different kernel, in the order in which they first come."""
    found: dict[tuple[object, ...], list[float]] = {}
    for one in operators:
        found.setdefault(one.kernel, []).append(one.latency_s)
    return {kernel: float(np.median(times)) for kernel, times in found.items()}


def measured_on(platform: Platform, operators: Sequence[Operator]) -> Measured:
    """Every different kernel as an observation."""
    first = {one.kernel: one for one in reversed(operators)}
    return prepare(
        platform,
        (
            Observation(graph_of(first[kernel], f"kernel_{place}"), "float16", latency_s, SIGMA, operators_only=True)
            for place, (kernel, latency_s) in enumerate(latencies_s(operators).items())
        ),
    )


def held_out_s(platform: Platform, operators: Sequence[Operator]) -> tuple[Vector, Vector]:
    """What is predicted for every kernel by a fit to other networks, in seconds: models alone, and with a residual."""
    networks = list(dict.fromkeys(one.network for one in operators))
    fold_of = dict(zip(networks, np.random.default_rng(SEED).permutation(len(networks)) % FOLDS))
    alone_s, corrected_s = np.zeros(len(operators)), np.zeros(len(operators))
    for fold in range(FOLDS):
        unseen = [place for place, one in enumerate(operators) if fold_of[one.network] == fold]
        others = [one for one in operators if fold_of[one.network] != fold]
        known, own = measured_on(platform, others), [operators[place] for place in unseen]
        fitted = fit_measured(platform, known).platform
        kernels = measured_on(fitted, own)
        for by, predicted_s in ((fitted, alone_s), (with_residual(fitted, known), corrected_s)):
            by_kernel = dict(zip(latencies_s(own), kernels.networks.latencies_s(by)))
            predicted_s[unseen] = [by_kernel[one.kernel] for one in own]
    return alone_s, corrected_s


def kind_table(operators: Sequence[Operator], errors: Vector) -> Table:
    """Errors by kind of operator, then of all."""
    table = Table("operator", "kernels", "median error", "within 10 %", "within 20 %")
    kinds = np.array([one.kind for one in operators])
    for kind in [*dict.fromkeys(kinds), "all"]:
        own = np.abs(errors[(kinds == kind) | (kind == "all")])
        shares = (f"{np.mean(own <= limit):.1%}" for limit in (0.1, 0.2))
        table.add_row(kind.lower(), str(len(own)), f"{np.median(own):.1%}", *shares)
    return table


def network_errors(operators: Sequence[Operator], predicted: Vector) -> Mapping[str, float]:
    """Relative error of every network's sum over its kernels."""
    names = np.array([one.network for one in operators])
    times = np.array([one.latency_s for one in operators])
    return {n: float(predicted[names == n].sum() / times[names == n].sum() - 1.0) for n in dict.fromkeys(names)}


def main(arguments: list[str]) -> None:
    """Print the table."""
    path = measurements(arguments, "pixel4_gpu_ops/ops.csv.gz") / "pixel4_gpu_ops" / "ops.csv.gz"
    operators = read_operators(path)
    console = Console(width=110, highlight=False)
    for what, predicted_s in zip(("models alone", "with a residual"), held_out_s(hwmodels.load(PLATFORM), operators)):
        errors = predicted_s / np.array([one.latency_s for one in operators]) - 1.0
        by_network = network_errors(operators, predicted_s)
        near = np.mean([abs(error) <= 0.1 for error in by_network.values()])
        worst = sorted(by_network, key=lambda name: -abs(by_network[name]))[:8]
        sums = f"{near:.1%} of {len(by_network)}, goal {GOAL_NETWORKS:.0%}"
        console.print(what, kind_table(operators, errors), sep="\n")
        console.print(f"median error {np.median(np.abs(errors)):.1%}, goal {GOAL_OPERATOR:.0%}")
        console.print(f"sums over a network's kernels within 10 %: {sums}")
        console.print("largest errors of sums: " + ", ".join(f"{name} {by_network[name]:+.0%}" for name in worst))


if __name__ == "__main__":
    main(sys.argv[1:])
