"""Measure 13 networks three times over and print how far the three disagree, by statistic.

Run from the root of the repository: python -m benchmarks.runtimes.repeatability BACKEND FOLDER [NETWORK...]
Each time is a process of its own that runs the default protocol over all networks; the stores stay in FOLDER, and what
is there already is not measured again. The spread of a network is the largest of its three values over the smallest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stairline.exit_codes import ExitCode
from stairline.measure.plan import file as plan
from stairline.measure.store.store import opened
from stairline.measure.timing.record import Measurement
from stairline.simulator import zoo

TIMES = 3
NETWORKS = sorted(zoo.MODELS)[:13]
GOAL = 0.05
STATISTICS: dict[str, Callable[[Measurement], float]] = {
    "reported: median of the visit at the lower quartile": lambda found: found.latency_s,
    "median of the quickest visit": lambda found: min(run.median_s for run in found.runs),
    "minimum of all runs": lambda found: found.statistics.min_s,
    "median of all runs": lambda found: found.statistics.median_s,
    "mean of all runs": lambda found: found.statistics.mean_s,
    "median of the first visit": lambda found: found.runs[0].median_s,
    "mean of the first visit": lambda found: sum(found.runs[0].runs_s) / len(found.runs[0].runs_s),
}


def measured(backend: str, store: Path, plan_file: Path) -> dict[str, Measurement]:
    """All networks in one process, by the command as a user calls it."""
    command = [
        sys.executable,
        "-m",
        "stairline",
        "measure",
        "run",
        str(plan_file),
        "-b",
        backend,
        "--store",
        str(store),
    ]
    done = subprocess.run(command, check=False)
    if done.returncode not in (ExitCode.DONE, ExitCode.PARTLY_DONE):
        sys.exit(done.returncode)
    with opened(store) as found:
        return {r.configuration.name: r.outcome for r in found.records() if isinstance(r.outcome, Measurement)}


def spreads(sessions: Sequence[dict[str, Measurement]], statistic: Callable[[Measurement], float]) -> dict[str, float]:
    """Largest over smallest, less one, of each network that every session measured."""
    values = {
        name: [statistic(session[name]) for session in sessions] for name in set.intersection(*map(set, sessions))
    }
    return {name: max(found) / min(found) - 1 for name, found in values.items()}


def main(backend: str, folder: Path, networks: Sequence[str]) -> None:
    """Measure what is missing and print the tables."""
    folder.mkdir(exist_ok=True)
    plan_file = folder / f"{backend}.toml"
    plan_file.write_text(plan.write([plan.Entry("model", name, {}, "float32") for name in networks]), encoding="utf-8")
    sessions = [measured(backend, folder / f"{backend}-{time}.db", plan_file) for time in range(1, TIMES + 1)]
    by_statistic = {name: spreads(sessions, statistic) for name, statistic in STATISTICS.items()}
    reported = next(iter(by_statistic.values()))

    console = Console()
    table = Table("network", *(f"{time}, ms" for time in range(1, TIMES + 1)), "spread", "visits", title=backend)
    for name in sorted(reported):
        found = [session[name] for session in sessions]
        visits = " ".join(str(len(one.runs)) for one in found)
        table.add_row(name, *(f"{1e3 * one.latency_s:.3f}" for one in found), f"{reported[name]:.1%}", visits)
    console.print(table)
    table = Table("statistic", f"within {GOAL:.0%}", "median spread", "largest")
    for name, found_spreads in by_statistic.items():
        ordered = sorted(found_spreads.values())
        within = sum(spread <= GOAL for spread in ordered)
        table.add_row(name, f"{within} of {len(ordered)}", f"{ordered[len(ordered) // 2]:.1%}", f"{ordered[-1]:.1%}")
    console.print(table)
    console.print(f"load of the last minute, {os.cpu_count()} cores: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:] or NETWORKS)
