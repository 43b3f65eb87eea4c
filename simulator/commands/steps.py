"""The verb ``steps``."""

from __future__ import annotations

from itertools import chain
from typing import Any

import click

from stairline.hwmodels.commands.show import show
from stairline.hwmodels.reports.text import Block
from stairline.simulator.advice.steps import layer_steps
from stairline.simulator.pricing.precision import precision
from stairline.simulator.reports.steps import steps_report

from .options import model_options, platform_option
from .request import request


@click.command("steps")
@model_options
@platform_option()
def steps_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> None:
    """Show each layer's place on the staircase of its output channels: what is free, and the next step down.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2.
    """
    asked = request(models, names, **how)
    blocks: list[Block] = []
    for graph in chain.from_iterable(group.graphs for group in asked.networks):
        for platform in asked.platforms:
            dtype = precision(graph, platform, asked.dtype)
            title = f"{graph.name} on {platform.name}, {dtype}"
            blocks += [*([""] if blocks else []), *steps_report(title, layer_steps(graph, platform, dtype))]
    show(blocks)
