"""The verb ``ops``."""

from __future__ import annotations

from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import Platform
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.reports.text import Block, Heading
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.precision import precision
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.reports.operators import operators
from stairline.simulator.walk import plan

from .answers import leave
from .options import model_options, platform_option
from .request import REFUSALS, Network, Request, networks_of, request


@click.command("ops")
@model_options
@platform_option()
def ops_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> ExitCode:
    """Say operator by operator how a network is priced, what falls back and what has no model.

    MODEL is a model file, a layer table of many networks, or the name of a built-in network, such as mobilenet_v2. An
    operator without a model does not stop the report: it is listed as such.
    """
    asked = request(models, names, **how)
    total = failed = 0
    for network in networks_of(asked):
        for platform in asked.platforms:
            report, is_given = _report(network, platform, asked)
            show([*([""] if total else []), *report])
            total += 1
            failed += not is_given
    return leave(failed, total)


def _report(network: Network, platform: Platform, asked: Request) -> tuple[list[Block], bool]:
    """The report on a network's operators, or the reason why there is none, and whether there is one."""
    name, found = network
    try:
        if not isinstance(found, Graph):
            raise found
        planned = plan(found, platform.machine(precision(found, platform, asked.dtype)))
        prediction = predict_plan(planned, platform.digest, allow_unknown=True)
    except REFUSALS as error:
        if asked.strict or asked.total == 1:
            raise
        return [Heading(f"{name} on {platform.name}: no report"), str(error)], False
    return operators(planned, prediction), True
