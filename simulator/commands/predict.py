"""The verb ``predict``."""

from __future__ import annotations

import csv
import json
from functools import partial
from typing import Any, TextIO

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import without_residual
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.reports.text import Block, Heading
from stairline.simulator.reports import predictions as report
from stairline.simulator.reports import records
from stairline.simulator.reports.comparison import several

from .answers import Answer, Answers, leave, outcomes
from .options import change_options, jobs_option, model_options, platform_option
from .request import Request, request
from .tables import csv_target


@click.command("predict")
@model_options
@platform_option()
@change_options
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each prediction, one per line.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(),
    metavar="FILE",
    help="Write one row for each prediction; '-' is standard output.",
)
@click.option("--html", type=click.Path(), metavar="PAGE", help="Write one self-contained page on the first platform.")
@click.option(
    "--trace", type=click.Path(), metavar="FILE", help="Write the timeline as a Chrome trace, which Perfetto opens."
)
@click.option("--node-data", type=click.Path(), metavar="FILE", help="Write the times of layers for Model Explorer.")
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
    html: str | None,
    trace: str | None,
    node_data: str | None,
    kernels: bool,
    no_residual: bool,
    **how: Any,
) -> ExitCode:
    """Predict the latency of networks on platforms.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    written = html or trace or node_data
    if as_json + bool(csv_file) + kernels + bool(written) > 1:
        raise click.UsageError("--json, --csv, --kernels and files exclude each other: give one of them")
    asked = request(models, names, **how)
    if no_residual:
        asked = asked._replace(platforms=tuple(map(without_residual, asked.platforms)))
    if written:
        # Imported here: the page's packages are those of an extra, and other predictions do without them.
        from .pages import Files, write_files

        return write_files(asked, Files(html, trace, node_data))
    if csv_file:
        return _write_csv(csv_file, asked)
    if as_json:
        lines = Answers(asked, _json)
        for line in lines:
            click.echo(line)
        return lines.leave()
    if asked.total == 1 or kernels:
        return _show_reports(asked, every_kernel=kernels)
    found = list(outcomes(asked, with_reasons=True))
    show(several(found))
    return leave(sum(one.summary is None for one in found), len(found))


def _show_reports(asked: Request, *, every_kernel: bool) -> ExitCode:
    reports = Answers(asked, partial(_report, every_kernel=every_kernel))
    for number, blocks in enumerate(reports):
        show([*([""] if number else []), *blocks])
    return reports.leave()


def _json(answer: Answer) -> str:
    if answer.prediction is None or answer.graph is None:
        return json.dumps(records.failure(answer.outcome, answer.graph, answer.platform))
    return json.dumps(records.record(answer.prediction, answer.graph, answer.platform))


def _report(answer: Answer, *, every_kernel: bool) -> list[Block]:
    if answer.prediction is None:
        return [Heading(f"{answer.name} on {answer.platform.name}: no prediction"), answer.reason]
    return report.single(answer.prediction, answer.platform, every_kernel=every_kernel)


def _write_csv(path: str, asked: Request) -> ExitCode:
    with csv_target(path) as file:
        failed, total = _write_rows(file, asked)
    if path != "-":
        click.echo(f"wrote {total} row{'s' * (total != 1)} to {path}", err=True)
    return leave(failed, total)


def _write_rows(file: TextIO, asked: Request) -> tuple[int, int]:
    """Write the header and one row for each answer; return how many answers failed, of how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(records.CSV_COLUMNS)
    failed = total = 0
    for outcome in outcomes(asked, with_reasons=False):
        writer.writerow(records.csv_row(outcome))
        failed += outcome.summary is None
        total += 1
    return failed, total
