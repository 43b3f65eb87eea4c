"""The verbs ``space list``, ``space show``, ``space predict`` and ``space reduce``."""

from __future__ import annotations

import csv

import click

from stairline.hwmodels.commands.show import show

from .options import platform_option
from .request import platforms_and_dtype
from .tables import csv_target


@click.group("space")
def space_group() -> None:
    """Predict, sample and reduce whole search spaces of networks."""


@space_group.command("list")
def list_command() -> None:
    """List the built-in spaces."""
    from stairline.simulator.reports.spaces import spaces_report
    from stairline.simulator.spaces.catalogue import SPACES

    show(spaces_report(build() for build in SPACES.values()))


@space_group.command("show")
@click.argument("name", metavar="SPACE")
def show_space_command(name: str) -> None:
    """Show the positions of SPACE and their choices, in the order of the numbers of a code."""
    from stairline.simulator.reports.spaces import space_report
    from stairline.simulator.spaces.catalogue import space

    show(space_report(space(name)))


@space_group.command("predict")
@click.argument("name", metavar="SPACE")
@platform_option()
@click.option("--dtype", help="Precision, such as float32; by default the platform's default.")
@click.option("-n", "--networks", "count", type=click.IntRange(1), default=1000, show_default=True, help="To sample.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random sample.")
@click.option("--codes", type=click.Path(exists=True, dir_okay=False), help="File with a code a line, in place of -n.")
@click.option("--csv", "csv_file", type=click.Path(), metavar="FILE", help="Write CSV; '-' is standard output.")
def predict_space_command(
    name: str, names: tuple[str, ...], dtype: str | None, count: int, seed: int, codes: str | None, csv_file: str | None
) -> None:
    """Predict networks of SPACE: a random sample, or those whose codes a file lists."""
    from stairline.simulator.reports.spaces import Drawn, drawn_report, drawn_rows
    from stairline.simulator.spaces.catalogue import space
    from stairline.simulator.spaces.structure import read_codes

    platforms, named = platforms_and_dtype(names, dtype)
    of, drawn = space(name), []
    rows = read_codes(of, codes) if codes else of.sample(count, seed)
    for platform in platforms:
        found = of.predict(rows, platform, named)
        own = platform.machine(named).dtype
        drawn.append(Drawn(of, platform.name, own, rows, found, of.slow_reason(platform, named)))
    if csv_file is None:
        for number, part in enumerate(drawn):
            show([*([""] if number else []), *drawn_report(part)])
    else:
        with csv_target(csv_file) as file:
            csv.writer(file, lineterminator="\n").writerows(drawn_rows(drawn))


@space_group.command("reduce")
@click.argument("name", metavar="SPACE")
@platform_option()
@click.option("--dtype", help="Precision, such as float32; by default the platform's default.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.01, show_default=True, help="Share of the latency.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reduce_command(name: str, names: tuple[str, ...], dtype: str | None, tolerance: float, as_json: bool) -> None:
    """Remove the choices of SPACE that are not worth trying on a platform, and say why."""
    from stairline.simulator.reports.spaces import reduction_json, reduction_report
    from stairline.simulator.spaces.catalogue import space
    from stairline.simulator.spaces.reduction import reduced

    platforms, named = platforms_and_dtype(names, dtype)
    of = space(name)
    for number, platform in enumerate(platforms):
        reduction, own = reduced(of, platform, named, tolerance=tolerance), platform.machine(named).dtype
        if as_json:
            click.echo(reduction_json(reduction, platform.name, own))
        else:
            show([*([""] if number else []), *reduction_report(reduction, platform.name, own)])
