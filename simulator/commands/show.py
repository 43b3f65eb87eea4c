"""The verb ``platforms show``, which is the simulator's because it explains the rules that the simulator applies."""

from __future__ import annotations

import click

from stairline import hwmodels
from stairline.hwmodels.commands.show import show
from stairline.simulator.reports.platforms import explanation


@click.command("show")
@click.argument("name")
def show_command(name: str) -> None:
    """Explain the platform NAME: its roofs, kernel models, rewrites, supported operators, fusion and sources."""
    show(explanation(hwmodels.load(name)))
