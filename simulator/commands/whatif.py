"""The verb ``whatif``."""

from __future__ import annotations

import json
from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import without_residual
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.files.settings import number_changes, rule_changes
from stairline.simulator.reports.whatif import effects as report
from stairline.simulator.whatif.effects import effect

from .options import change_options, platform_option, reading_options
from .request import networks_of, request


@click.command("whatif")
@reading_options
@platform_option()
@change_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each platform, one per line.")
def whatif_command(
    models: tuple[str, ...],
    names: tuple[str, ...],
    numbers: tuple[str, ...],
    rules: tuple[str, ...],
    as_json: bool,
    **how: Any,
) -> ExitCode:
    """Change the hardware and see what becomes of networks."""
    asked = request(models, names, allow_unknown=False, strict=True, **how)
    for platform in map(without_residual, asked.platforms):
        changes = [*number_changes(platform, numbers), *rule_changes(rules)]
        for name, graph in networks_of(asked):
            found = effect(graph, platform, changes, asked.dtype)
            if as_json:
                click.echo(json.dumps(report.effect_record(name, 1.0, platform, found)))
            else:
                show(report.effect_report(name, platform, found))
    return ExitCode.DONE
