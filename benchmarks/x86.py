"""Print how well calibrated platforms of x86 runtimes predict the Keras applications, which no fit has seen.

Run from the root of the repository: python -m benchmarks.x86 MODELS STORE PLATFORM...
MODELS is a directory that holds the applications, which are written there where they are missing; STORE holds their
measurements; PLATFORM is the name or file of one that a backend of this machine is calibrated to. An application is
measured on that backend as ``stairline measure run`` does it, until it has VISITS visits:
--visits N (default 5; 0 measures nothing more) so that some can be taken before a calibration and some after it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.applications import APPLICATIONS, application_path, write_applications
from stairline import hwmodels
from stairline.hwmodels import Platform, without_residual
from stairline.measure.campaign.session import Progress, measure, session
from stairline.measure.plan.configuration import AS_STORED, Configuration, configuration
from stairline.measure.runtimes.registry import backend
from stairline.measure.store.store import opened
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Measurement
from stairline.simulator.networks import read
from stairline.simulator.pricing.predict import predict

NEAR, FAR = 0.10, 0.20
GOALS = {"within 10 %": 0.90, "analytical, within 20 %": 0.95}


class Scored(NamedTuple):
    """One application: times in seconds, and whether the 90 % interval holds the measured one."""

    name: str
    measured_s: float
    predicted_s: float
    analytical_s: float
    covered: bool

    @property
    def error(self) -> float:
        """Of the prediction, relative to the measurement."""
        return self.predicted_s / self.measured_s - 1.0

    @property
    def analytical_error(self) -> float:
        """The same without the residual."""
        return self.analytical_s / self.measured_s - 1.0


def configurations(models: Path) -> dict[str, Configuration]:
    """The applications as model files, by name."""
    return {
        name: configuration("file", str(application_path(models, name, "float32")), {}, AS_STORED)
        for name in APPLICATIONS
    }


def measured(platform: Platform, models: Path, store_file: Path, visits: int) -> dict[str, float]:
    """Latency of every application on the platform's backend, in seconds, by name."""
    current = session(backend(str(platform.file.platform.backend)), 1)
    wanted = configurations(models)
    with opened(store_file, create=True) as store:
        if visits:
            progress = Progress(wanted.values(), current, store, Protocol(visits=visits, max_visits=visits))
            for visit in measure(progress, current.backend):
                print(f"{current.backend.name}: {visit.configuration.label}: {visit.failure or 'visited'}", flush=True)
        found = {
            current.key(r.configuration).digest: r.outcome for r in store.records() if r.backend == current.backend.name
        }
    outcomes = {name: found.get(current.key(one).digest) for name, one in wanted.items()}
    return {name: outcome.latency_s for name, outcome in outcomes.items() if isinstance(outcome, Measurement)}


def scored(platform: Platform, models: Path, measured_s: dict[str, float]) -> list[Scored]:
    """Predictions beside the measurements."""
    alone, rows = without_residual(platform), []
    for name, time_s in measured_s.items():
        graph = read(application_path(models, name, "float32"))
        found, analytical = predict(graph, platform), predict(graph, alone)
        covered = found.summary.lower_s <= time_s <= found.summary.upper_s
        rows.append(Scored(name, time_s, found.latency_s, analytical.latency_s, covered))
    return rows


def table(platform: Platform, rows: Sequence[Scored]) -> Table:
    """A row per application, and the shares below."""
    shown = Table("network", "measured ms", "predicted ms", "error", "analytical", "in interval", title=platform.name)
    for row in rows:
        times = (f"{1e3 * row.measured_s:.2f}", f"{1e3 * row.predicted_s:.2f}")
        shown.add_row(
            row.name, *times, f"{row.error:+.1%}", f"{row.analytical_error:+.1%}", "yes" if row.covered else ""
        )
    return shown


def shares(rows: Sequence[Scored]) -> str:
    """How many are how close."""

    def share(errors: Sequence[float], bound: float) -> str:
        return f"{sum(abs(e) <= bound for e in errors)}/{len(errors)}"

    with_residual, alone = [r.error for r in rows], [r.analytical_error for r in rows]
    return (
        f"within 10 %: {share(with_residual, NEAR)} (analytical {share(alone, NEAR)}); "
        f"within 20 %: {share(with_residual, FAR)} (analytical {share(alone, FAR)}); "
        f"MAPE {sum(map(abs, with_residual)) / len(rows):.1%} (analytical {sum(map(abs, alone)) / len(rows):.1%}); "
        f"in the 90 % interval: {sum(r.covered for r in rows)}/{len(rows)}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("platforms", nargs="+", metavar="PLATFORM")
    parser.add_argument("--visits", type=int, default=5)
    given = parser.parse_args()
    write_applications(
        given.models, [name for name, one in configurations(given.models).items() if not Path(one.name).exists()]
    )
    console = Console(width=110)
    for name in given.platforms:
        platform = hwmodels.load(name)
        rows = scored(platform, given.models, measured(platform, given.models, given.store, given.visits))
        console.print(table(platform, rows))
        console.print(shares(rows))


if __name__ == "__main__":
    main()
