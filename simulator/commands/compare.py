"""The verb ``compare``."""

from __future__ import annotations

import csv
import json
from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels.commands.show import show
from stairline.simulator.reports import comparison as report

from .answers import leave, outcomes
from .options import change_options, jobs_option, model_options, platform_option
from .request import request
from .tables import csv_target


@click.command("compare")
@model_options
@platform_option(default=("all",))
@change_options
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each platform, one per line.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(),
    metavar="FILE",
    help="Write one row for each platform; '-' is standard output.",
)
def compare_command(
    models: tuple[str, ...], names: tuple[str, ...], as_json: bool, csv_file: str | None, **how: Any
) -> ExitCode:
    """Print a table of latencies in ms, platforms by networks.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    if as_json and csv_file:
        raise click.UsageError("--json and --csv exclude each other: give one of them")
    asked = request(models, names, **how)
    found, platforms = list(outcomes(asked, with_reasons=True)), len(asked.platforms)
    if csv_file:
        with csv_target(csv_file) as file:
            csv.writer(file, lineterminator="\n").writerows(report.table(found, platforms))
    elif as_json:
        for record in report.comparison_records(found, platforms):
            click.echo(json.dumps(record))
    else:
        show(report.comparison(found, platforms))
    return leave(sum(one.summary is None for one in found), len(found))
