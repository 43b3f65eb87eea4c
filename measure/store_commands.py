"""The verbs ``measure run``, ``show`` and ``export``: taking measurements into a store and reading them out."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from . import plan as plans
from .backends import NAMES
from .record import MeasureError, Measurement

_FILE = click.Path(path_type=Path)


@click.command("run")
@click.argument("plan", type=_FILE)
@click.option("-b", "--backend", "name", type=click.Choice(NAMES), required=True, help="Runtime to measure on.")
@click.option("--store", "store_file", type=_FILE, required=True, metavar="FILE", help="Where results are kept.")
@click.option("--threads", type=int, default=1, show_default=True, help="Threads, each with a core of its own.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin nothing more after this time.")
@click.option("--retry-failed", is_flag=True, help="Try again what failed on this backend before.")
def run_command(
    plan: Path, name: str, store_file: Path, threads: int, minutes: float | None, retry_failed: bool
) -> None:
    """Measure what a plan asks for and the store does not have yet.

    It can be killed at any time: the same command goes on where it was.
    """
    from . import store
    from .backends import backend
    from .session import measure, pending, session

    planned = plans.configurations(plans.read(plan))
    current = session(backend(name), threads)
    with store.opened(store_file, create=True) as opened:
        if retry_failed:
            opened.forget_failures(name)
        left = pending(planned, current, opened)
        outcomes = list(_watched(_until(measure(left, current, opened), minutes), len(left)))
    failed = sum(reason is not None for reason in outcomes)
    click.echo(
        f"{store_file}: {len(outcomes) - failed} measured and {failed} failed now, {len(planned) - len(left)} before, "
        f"{len(left) - len(outcomes)} left" + ("; 'stairline measure show' tells why" if failed else ""),
        err=True,
    )


@click.command("show")
@click.argument("store_file", type=_FILE, metavar="FILE")
def show_command(store_file: Path) -> None:
    """Print what a store holds."""
    from . import report, store

    with store.opened(store_file) as opened:
        for line in report.lines(opened.records()):
            click.echo(line)


@click.command("export")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--csv", "output", type=_FILE, required=True, metavar="OUT", help="The file; '-' for standard output.")
def export_command(store_file: Path, output: Path) -> None:
    """Write the measurements of a store as CSV, one row each, times in ms."""
    from . import report, store

    with store.opened(store_file) as opened:
        records = opened.records()
    fastest = report.fastest_references(records)
    measured = [(r, r.outcome) for r in records if isinstance(r.outcome, Measurement)]
    rows = [report.CSV_COLUMNS, *(report.csv_row(record, found, fastest) for record, found in measured)]
    if str(output) == "-":
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        return
    try:
        with output.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except OSError as error:
        raise MeasureError(f"{output}: cannot be written: {error.strerror}; name another file") from None
    failed = len(records) - len(measured)
    click.echo(f"wrote {len(measured)} measurements to {output}; {failed} failures are not among them", err=True)


def _until(outcomes: Iterator[str | None], minutes: float | None) -> Iterator[str | None]:
    end_s = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    for outcome in outcomes:
        yield outcome
        if time.monotonic() >= end_s:
            return


def _watched(outcomes: Iterator[str | None], total: int) -> Iterator[str | None]:
    """The same, with a progress bar and the time left where a person looks."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        outcomes, "measuring", total=total, console=Console(stderr=True), transient=True, refresh_per_second=1
    )
