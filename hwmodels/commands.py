"""The verb ``platforms``, and the function by which every verb prints its report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from stairline.hwmodels.reports.text import Block, least_width, lines, renderable

from .files.loading import available
from .reports import platforms as report


def show(blocks: Sequence[Block]) -> None:
    """Print a report: coloured and wrapped in a terminal, plain and aligned anywhere else."""
    if not sys.stdout.isatty():
        for line in lines(blocks):
            click.echo(line)
        return
    from rich.console import Console

    for number, block in enumerate(blocks):
        if number and not isinstance(block, str):
            click.echo()
        console = Console(highlight=False)
        # Better a line too long for the terminal than a digit too few.
        console.width = max(console.width, least_width(block))
        console.print(renderable(block))


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def platforms(context: click.Context, as_json: bool) -> None:
    """List the platforms, or explain one with 'show'."""
    if context.invoked_subcommand:
        return
    if as_json:
        click.echo(json.dumps([report.record(p) for p in available()], indent=2))
    else:
        show(report.listing(available()))
