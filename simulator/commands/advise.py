"""The verb ``advise``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import Platform
from stairline.hwmodels.reports.text import Block
from stairline.simulator.advice.advise import Advised, advise
from stairline.simulator.advice.case import Advice
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.networks import networks
from stairline.simulator.pricing.precision import precision
from stairline.simulator.pricing.predict import predict
from stairline.simulator.reports import advice as report

from .answers import leave, show_each
from .options import model_options, platform_option
from .request import REFUSALS, Request, networks_of, request
from .tables import csv_target


@click.command("advise")
@model_options
@platform_option()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each network and platform.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(),
    metavar="FILE",
    help="Write one row for each piece of advice; '-' is standard output.",
)
@click.option("--apply", "number", type=click.IntRange(1), metavar="K", help="Write the network with change number K.")
@click.option("-o", "--output", type=click.Path(), metavar="TABLE", help="The layer table that --apply writes.")
def advise_command(
    models: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
    csv_file: str | None,
    number: int | None,
    output: str | None,
    **how: Any,
) -> ExitCode:
    """Say what to change about a network on a platform, and how many ms each change saves.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    if as_json + bool(csv_file) + bool(number) > 1:
        raise click.UsageError("--json, --csv and --apply exclude each other: give one of them")
    if bool(number) != bool(output):
        raise click.UsageError("--apply K and -o TABLE belong together: give both")
    asked = request(models, names, **how)
    if number and output:
        return _apply(asked, number, output)
    if csv_file:
        return _write_csv(csv_file, asked)
    if as_json:
        return _print_json(asked)

    def shown(graph: Graph, platform: Platform) -> list[Block]:
        found = _advised(graph, platform, asked)
        return report.advice_report(f"{graph.name} on {platform.name}, {found.before.summary.dtype}", found)

    return show_each(asked, shown)


def _advised(graph: Graph, platform: Platform, asked: Request) -> Advised:
    dtype = precision(graph, platform, asked.dtype)
    return advise(graph, platform, dtype, allow_unknown=asked.allow_unknown)


def _each(asked: Request) -> Iterator[tuple[Graph, Advised] | Exception]:
    """The advice on each network on each platform, or why there is none."""
    for _, found in networks_of(asked):
        for platform in asked.platforms:
            try:
                if not isinstance(found, Graph):
                    raise found
                yield found, _advised(found, platform, asked)
            except REFUSALS as error:
                if asked.strict or asked.total == 1:
                    raise
                click.echo(f"stairline: {error}", err=True)
                yield error


def _print_json(asked: Request) -> ExitCode:
    failed = 0
    for one in _each(asked):
        if isinstance(one, Exception):
            failed += 1
        else:
            click.echo(json.dumps(report.advice_record(one[1], one[0])))
    return leave(failed, asked.total)


def _write_csv(path: str, asked: Request) -> ExitCode:
    failed = 0
    with csv_target(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(report.CSV_COLUMNS)
        for one in _each(asked):
            if isinstance(one, Exception):
                failed += 1
            else:
                writer.writerows(report.csv_rows(one[1], one[0]))
    return leave(failed, asked.total)


def _apply(asked: Request, number: int, output: str) -> ExitCode:
    """Write the network as one piece of advice changes it."""
    if asked.total != 1:
        raise click.UsageError("--apply takes one network and one platform")
    [one] = _each(asked)
    assert not isinstance(one, Exception)
    graph, found = one
    if number > len(found.advice):
        raise click.UsageError(f"--apply {number}: there are {len(found.advice)} changes to choose from")
    change = found.advice[number - 1].change
    if change.kind == "precision":
        raise click.UsageError(f"--apply {number} changes no layer: predict with --dtype {change.dtype}")
    from stairline.simulator.readers.layer_table.writer import write_table

    try:
        write_table([change.graph], Path(output))
    except OSError as error:
        raise GraphError(f"{output}: cannot be written: {error.strerror}; name another file") from None
    click.echo(f"wrote {graph.name} to {output}: {change.what}", err=True)
    _compare_written(output, found.advice[number - 1], asked)
    return ExitCode.DONE


def _compare_written(path: str, one: Advice, asked: Request) -> None:
    """Say where the table, which keeps no explicit padding, is not predicted as the changed network is."""
    (written,) = networks(path).graphs
    latency_s = predict(written, asked.platforms[0], one.change.dtype, allow_unknown=asked.allow_unknown).latency_s
    if abs(latency_s / one.after.latency_s - 1.0) > 1e-6:
        said = f"{latency_s * 1e3:.4g} ms, not {one.after.latency_s * 1e3:.4g}"
        click.echo(
            f"stairline: a layer table keeps no explicit padding: as {path} states it, it takes {said}", err=True
        )
