"""How every verb prints its report."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from stairline.hwmodels.reports.text import Block, least_width, lines, renderable


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
