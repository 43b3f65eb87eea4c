"""The verb ``networks``."""

from __future__ import annotations

import json

import click

from stairline.hwmodels.commands.show import show
from stairline.simulator.reports import networks as report


@click.command("networks")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def networks_command(as_json: bool) -> None:
    """List the built-in networks, with their input, width multiplier, work and parameters."""
    if as_json:
        click.echo(json.dumps(report.records(), indent=2))
    else:
        show(report.listing())
