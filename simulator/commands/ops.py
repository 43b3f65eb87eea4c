"""The verb ``ops``."""

from __future__ import annotations

from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import Platform
from stairline.hwmodels.reports.text import Block
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.precision import precision
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.reports.operators import operators
from stairline.simulator.walk import plan

from .answers import show_each
from .options import model_options, platform_option
from .request import request


@click.command("ops")
@model_options
@platform_option()
def ops_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> ExitCode:
    """Say operator by operator how a network is priced, what falls back and what has no model.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2. An
    operator without a model does not stop the report: it is listed as such.
    """
    asked = request(models, names, **how)

    def report(graph: Graph, platform: Platform) -> list[Block]:
        planned = plan(graph, platform.machine(precision(graph, platform, asked.dtype)))
        return operators(planned, predict_plan(planned, platform.digest, allow_unknown=True))

    return show_each(asked, report)
