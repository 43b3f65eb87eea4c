"""The verb ``ops``."""

from __future__ import annotations

from itertools import chain
from typing import Any

import click

from stairline.hwmodels.commands.show import show
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.reports.operators import operators
from stairline.simulator.walk import plan

from .options import model_options, platform_option
from .request import request


@click.command("ops")
@model_options
@platform_option()
def ops_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> None:
    """Say operator by operator how a network is priced, what falls back and what has no model.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2. An
    operator without a model does not stop the report: it is listed as such.
    """
    asked = request(models, names, **how)
    number = 0
    for graph in chain.from_iterable(group.graphs for group in asked.networks):
        for platform in asked.platforms:
            planned = plan(graph, platform.machine(asked.dtype))
            prediction = predict_plan(planned, platform.digest, allow_unknown=True)
            show([*([""] if number else []), *operators(planned, prediction)])
            number += 1
