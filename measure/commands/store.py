"""The commands ``measure show``, ``export`` and ``plot``, which read a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from stairline.measure.timing.errors import MeasureError

_FILE = click.Path(path_type=Path)


@click.command("show")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--counters", is_flag=True, help="The operators of each measurement that has their times.")
def show_command(store_file: Path, counters: bool) -> None:
    """Print what a store holds."""
    from stairline.measure.reports.operators import operator_lines
    from stairline.measure.reports.store import store_lines
    from stairline.measure.store import store

    with store.opened(store_file) as opened:
        records = opened.records()
    for line in operator_lines(records) if counters else store_lines(records):
        click.echo(line)


@click.command("export")
@click.argument("store_file", type=_FILE, metavar="FILE")
@click.option("--csv", "csv_file", type=_FILE, metavar="OUT", help="A CSV file; '-' for standard output.")
@click.option("--parquet", "parquet_file", type=_FILE, metavar="OUT", help="A Parquet file.")
def export_command(store_file: Path, csv_file: Path | None, parquet_file: Path | None) -> None:
    """Write the measurements of a store as a table, one row each, times in ms."""
    from stairline.measure.reports import table
    from stairline.measure.store import store

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
    from stairline.measure.reports.picture import require_matplotlib, save
    from stairline.measure.reports.sweep_plot import sweep_figure
    from stairline.measure.store import store
    from stairline.measure.store.sweeps import sweeps_over

    require_matplotlib()
    with store.opened(store_file) as opened:
        found = sweeps_over(opened.records(), setting)
    save(sweep_figure(found, step), output)
    click.echo(f"wrote {output}: {sum(len(sweep.points) for sweep in found)} measurements", err=True)


@contextmanager
def _written(path: Path, what: str, failed: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None
    click.echo(f"wrote {what} to {path}; {failed} failures are not among them", err=True)
