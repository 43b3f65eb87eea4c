"""The verb ``measure``: plan, run, show, export."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from . import plan as plans
from .backends import NAMES
from .configuration import AS_STORED
from .record import MeasureError, Measurement

_EXISTING = click.Path(path_type=Path)


@click.group("measure")
def measure_group() -> None:
    """Measure networks on the runtimes of this machine."""


@measure_group.command("plan")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--op", "ops", multiple=True, metavar="NAME", help="Operator (conv2d, dwconv2d) or block; may repeat.")
@click.option("--hw", type=int, help="Height and width of the operator's input.")
@click.option("--cin", type=int, help="Its input channels.")
@click.option("--cout", type=int, help="Its output channels.")
@click.option("--kernel", type=int, help="Its kernel size.")
@click.option("--stride", type=int, help="Its stride.")
@click.option("--input", "pixels", type=int, metavar="PIXELS", help="Height and width of a zoo network's input.")
@click.option("--width", type=float, help="Width multiplier of a zoo network that has one.")
@click.option("--sweep", metavar="NAME=FIRST:LAST:STEP", help="Vary one of these settings, such as cout=8:264:8.")
@click.option("--dtype", "dtypes", multiple=True, default=("float32",), show_default=True, help="May repeat.")
@click.option("-o", "--output", type=_EXISTING, required=True, metavar="FILE", help="The plan file to write.")
def plan_command(
    models: tuple[str, ...],
    ops: tuple[str, ...],
    pixels: int | None,
    sweep: str | None,
    dtypes: tuple[str, ...],
    output: Path,
    width: float | None,
    **settings: int | None,
) -> None:
    """Write a plan of what to measure.

    MODEL is the name of a network of the zoo, or a model file, which is measured as it is.
    """
    if not models and not ops:
        raise click.UsageError("nothing to measure: name a MODEL or give --op")
    name, equals, values = (sweep or "").partition("=")
    if sweep and not equals:
        raise click.UsageError(f"--sweep '{sweep}': write NAME=FIRST:LAST:STEP, such as cout=8:264:8")
    varied = plans.sweep(name, values) if sweep else None
    entries = [plans.Entry("op", op, _given(settings), dtype, varied) for op in ops for dtype in dtypes]
    for model in models:
        entries += _model_entries(model, _given({"input": pixels, "width": width}), dtypes, None if ops else varied)
    verified = [plans.verified(entry.name, entry) for entry in entries]
    found = plans.configurations(verified)
    for one in found:
        if one.kind != "file":
            one.graph()
    _write(output, plans.write(verified))
    click.echo(f"{output}: {len(found)} configuration{'s' * (len(found) != 1)}", err=True)


@measure_group.command("run")
@click.argument("plan", type=_EXISTING)
@click.option("-b", "--backend", "name", type=click.Choice(NAMES), required=True, help="Runtime to measure on.")
@click.option("--store", "store_file", type=_EXISTING, required=True, metavar="FILE", help="Where results are kept.")
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


@measure_group.command("show")
@click.argument("store_file", type=_EXISTING, metavar="FILE")
def show_command(store_file: Path) -> None:
    """Print what a store holds."""
    from . import report, store

    with store.opened(store_file) as opened:
        for line in report.lines(opened.records()):
            click.echo(line)


@measure_group.command("export")
@click.argument("store_file", type=_EXISTING, metavar="FILE")
@click.option(
    "--csv", "output", type=_EXISTING, required=True, metavar="OUT", help="The file; '-' for standard output."
)
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


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _model_entries(
    model: str, settings: dict[str, Any], dtypes: Iterable[str], varied: plans.Sweep | None
) -> list[plans.Entry]:
    """A file by its suffix; anything else is a name of the zoo, and refused with its names if it is none."""
    if Path(model).suffix:
        if not Path(model).is_file():
            raise MeasureError(f"{model}: no such file; check the path")
        return [plans.Entry("file", model, {}, AS_STORED)]
    return [plans.Entry("model", model, settings, dtype, varied) for dtype in dtypes]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None


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
