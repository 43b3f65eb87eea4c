"""The verbs ``measure run``, ``show``, ``export`` and ``plot``: into a store and out of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stairline.exit_codes import ExitCode
from stairline.measure.plan import file as plans
from stairline.measure.timing.protocol import DEFAULT, Protocol
from stairline.measure.timing.record import MeasureError

from .session import backend_option, board_option, threads_option

if TYPE_CHECKING:
    from stairline.measure.campaign.session import Visit

_FILE = click.Path(path_type=Path)


def _bound(name: str, least: int, what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for a field of the protocol, which is its default."""
    option = f"--{name.replace('_', '-')}"
    return click.option(
        option, type=click.IntRange(min=least), default=getattr(DEFAULT, name), show_default=True, help=what
    )


@click.command("run")
@click.argument("plan", type=_FILE)
@backend_option
@click.option("--store", "store_file", type=_FILE, required=True, metavar="FILE", help="Where results are kept.")
@board_option
@threads_option
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin nothing more after this time.")
@click.option("--retry-failed", is_flag=True, help="Try again what failed on this backend before.")
@_bound("visits", 1, "Visits to each configuration, spread over time.")
@_bound("max_visits", 1, "Visits to one whose visits do not agree.")
@_bound("warmups", 0, "Runs that begin each visit and do not count.")
@_bound("runs", 2, "Timed runs in each visit, at least.")
@_bound("max_runs", 2, "Timed runs in each visit while the mean is not known within 2 %.")
@click.option(
    "--max-seconds",
    "max_s",
    type=click.FloatRange(min=0),
    default=DEFAULT.max_s,
    show_default=True,
    help="Time after which a visit completes its --runs and no more.",
)
@click.option("--counters", is_flag=True, help="Profile the operators too, after the timed runs of each visit.")
def run_command(
    plan: Path,
    name: str,
    store_file: Path,
    on: str | None,
    threads: int,
    minutes: float | None,
    retry_failed: bool,
    **bounds: Any,
) -> ExitCode:
    """Measure what a plan asks for and the store does not have yet.

    It can be killed at any time: the same command goes on where it was.
    """
    from stairline.measure.campaign.session import Progress, measure, session
    from stairline.measure.runtimes import backend
    from stairline.measure.store import store

    protocol = Protocol(**bounds)
    if protocol.max_visits < protocol.visits:
        raise click.UsageError(f"--max-visits {protocol.max_visits}: --visits {protocol.visits} asks for more")
    planned = plans.configurations(plans.read(plan))
    current = session(backend(name), threads, on)
    with store.opened(store_file, create=True) as opened:
        if retry_failed:
            opened.forget_failures(name)
        progress = Progress(planned, current, opened, protocol)
        before = progress.tally
        visits = sum(1 for _ in _until(watched(measure(progress, current.backend), progress.left), minutes))
        now = progress.tally
    failed = now.failed - before.failed
    click.echo(
        f"{store_file}: {now.measured - before.measured} measured and {failed} failed now, "
        f"{before.measured + before.failed} before, {now.due} left; {visits} visits"
        + ("; 'stairline measure show' tells why" if failed else ""),
        err=True,
    )
    return ExitCode.PARTLY_DONE if failed else ExitCode.DONE


@click.command("show")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--counters", is_flag=True, help="The operators of each measurement that has their times.")
def show_command(store_file: Path, counters: bool) -> None:
    """Print what a store holds."""
    from stairline.measure.store import report, store

    with store.opened(store_file) as opened:
        records = opened.records()
    for line in report.counter_lines(records) if counters else report.lines(records):
        click.echo(line)


@click.command("export")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--csv", "csv_file", type=_FILE, metavar="OUT", help="A CSV file; '-' for standard output.")
@click.option("--parquet", "parquet_file", type=_FILE, metavar="OUT", help="A Parquet file.")
def export_command(store_file: Path, csv_file: Path | None, parquet_file: Path | None) -> None:
    """Write the measurements of a store as a table, one row each, times in ms."""
    from stairline.measure.store import store, table

    if not csv_file and not parquet_file:
        raise click.UsageError("nothing to write: give --csv, --parquet or both")
    with store.opened(store_file) as opened:
        records = opened.records()
    rows = table.rows(records)
    failed = sum(isinstance(record.outcome, str) for record in records)
    if parquet_file:
        with _written(parquet_file, f"{len(rows)} measurements", failed):
            table.write_parquet(rows, parquet_file)
    if csv_file and str(csv_file) == "-":
        table.write_csv(rows, sys.stdout)
    elif csv_file:
        with (
            _written(csv_file, f"{len(rows)} measurements", failed),
            csv_file.open("w", newline="", encoding="utf-8") as file,
        ):
            table.write_csv(rows, file)


@click.command("plot")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--sweep", "setting", required=True, metavar="NAME", help="The setting along the axis, such as cout.")
@click.option("--step", type=click.IntRange(min=1), help="Mark the multiples of this.")
@click.option("-o", "--output", type=_FILE, required=True, metavar="OUT", help="The picture: .png, .svg, .pdf.")
def plot_command(store_file: Path, setting: str, step: int | None, output: Path) -> None:
    """Draw latency over a setting that was swept, a panel for each backend."""
    from stairline.measure.store import plot, store
    from stairline.measure.store.sweeps import sweeps_over

    plot.require_matplotlib()
    with store.opened(store_file) as opened:
        found = sweeps_over(opened.records(), setting)
    plot.save(plot.sweep_figure(found, step), output)
    click.echo(f"wrote {output}: {sum(len(sweep.points) for sweep in found)} measurements", err=True)


@contextmanager
def _written(path: Path, what: str, failed: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None
    click.echo(f"wrote {what} to {path}; {failed} failures are not among them", err=True)


def _until(visits: Iterator[Visit], minutes: float | None) -> Iterator[Visit]:
    end_s = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    for visit in visits:
        yield visit
        if time.monotonic() >= end_s:
            return


def watched(visits: Iterator[Visit], total: int) -> Iterator[Visit]:
    """The same, with a progress bar and the time left where a person looks."""
    if not sys.stderr.isatty():
        yield from visits
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=1) as bar:
        task = bar.add_task("visits", total=total)
        for done, visit in enumerate(visits, 1):
            bar.update(task, completed=done, total=done + visit.left, description=visit.configuration.short_label)
            yield visit
