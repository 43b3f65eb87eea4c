"""The verb ``predict``."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import click

from stairline.hwmodels import without_residual
from stairline.hwmodels.commands.show import show
from stairline.simulator.reports import predictions as report
from stairline.simulator.reports import records

from .options import model_options, platform_option
from .request import Request, request, results, summaries


@click.command("predict")
@model_options
@platform_option()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each prediction, one per line.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(),
    metavar="FILE",
    help="Write one row for each prediction; '-' is standard output.",
)
@click.option("--kernels", is_flag=True, help="Print every kernel as well.")
@click.option(
    "--no-residual",
    is_flag=True,
    help="Leave out the residual of a calibrated platform and predict by its kernel models alone.",
)
def predict_command(
    models: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
    csv_file: str | None,
    kernels: bool,
    no_residual: bool,
    **how: Any,
) -> None:
    """Predict the latency of networks on platforms.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    if as_json + bool(csv_file) + kernels > 1:
        raise click.UsageError("--json, --csv and --kernels exclude each other: give one of them")
    asked = request(models, names, **how)
    if no_residual:
        asked = asked._replace(platforms=tuple(map(without_residual, asked.platforms)))
    if csv_file:
        _write_csv(csv_file, asked)
    elif as_json:
        for r in results(asked):
            click.echo(json.dumps(records.record(r.prediction, r.graph, r.platform)))
    elif asked.total == 1 or kernels:
        for number, r in enumerate(results(asked)):
            show([*([""] if number else []), *report.single(r.prediction, r.platform, every_kernel=kernels)])
    else:
        show(report.several([r.outcome for r in results(asked)]))


def _write_csv(path: str, asked: Request) -> None:
    if path == "-":
        _write_rows(sys.stdout, asked)
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("w", newline="", encoding="utf-8"))
        except OSError as error:
            raise click.UsageError(f"--csv '{path}': cannot be written: {error.strerror}; name another file") from None
        count = _write_rows(file, asked)
    click.echo(f"wrote {count} prediction{'s' * (count != 1)} to {path}", err=True)


def _write_rows(file: TextIO, asked: Request) -> int:
    """Write the header and one row for each prediction; return the number of predictions."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(records.CSV_COLUMNS)
    count = 0
    for summary in summaries(asked):
        writer.writerow(records.csv_row(summary))
        count += 1
    return count
