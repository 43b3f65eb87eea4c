"""The verb ``compare``."""

from __future__ import annotations

from typing import Any

import click

from stairline.hwmodels.commands.show import show
from stairline.simulator.reports.predictions import comparison

from .options import model_options, platform_option
from .request import request, results


@click.command("compare")
@model_options
@platform_option(default=("all",))
def compare_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> None:
    """Print a table of latencies in ms, networks by platforms.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    asked = request(models, names, **how)
    show(comparison([r.outcome for r in results(asked)], len(asked.platforms)))
