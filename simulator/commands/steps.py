"""The verb ``steps``."""

from __future__ import annotations

from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import Platform
from stairline.hwmodels.reports.text import Block
from stairline.simulator.advice.steps import layer_steps
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.precision import precision
from stairline.simulator.reports.steps import steps_report

from .answers import show_each
from .options import model_options, platform_option
from .request import request


@click.command("steps")
@model_options
@platform_option()
def steps_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> ExitCode:
    """Show each layer's place on the staircase of its output channels: what is free, and the next step down.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    asked = request(models, names, **how)

    def report(graph: Graph, platform: Platform) -> list[Block]:
        dtype = precision(graph, platform, asked.dtype)
        title = f"{graph.name} on {platform.name}, {dtype}"
        return steps_report(title, layer_steps(graph, platform, dtype))

    return show_each(asked, report)
