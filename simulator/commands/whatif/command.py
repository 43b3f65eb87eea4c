"""The options of the verb ``whatif``."""

from __future__ import annotations

from typing import Any

import click

from stairline.exit_codes import ExitCode
from stairline.simulator.commands.options import change_options, platform_option, reading_options


@click.command("whatif")
@reading_options
@platform_option(required=False)
@change_options
@click.option(
    "--weight", "weights", multiple=True, metavar="NETWORK=W", help="Weight of a network in means; 1 if none."
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="KEY=LOW:HIGH:logN",
    help="Try many values of a number: logN or linN of them between two, or a list A,B,C. Several span a grid.",
)
@click.option(
    "--cost",
    metavar="EXPRESSION",
    help="Mark the points of a sweep that are on the front of latency against a cost: an expression over keys, such as "
    "roofs.compute.int8.macs_per_cycle + 1e-3 * placement.capacity_bytes, or multipliers, sram or bandwidth.",
)
@click.option("--tornado", is_flag=True, help="Halve and double every number of the platform by itself.")
@click.option("--reach", metavar="TIME", help="Say what must change to take at most this long, such as 5ms.")
@click.option("--by", multiple=True, metavar="KEY", help="With --reach: change this number; all of them if left out.")
@click.option(
    "--assumed",
    is_flag=True,
    help="Draw the platform's assumed numbers from their ranges: an interval, and which of them matters most.",
)
@click.option(
    "--save", type=click.Path(), metavar="FILE", help="Write the question as a scenario: whatif FILE asks again."
)
@click.option(
    "-o", "--output", type=click.Path(), metavar="FILE", help="Write the changed platform as a platform file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each platform, one per line.")
@click.option("--csv", "csv_file", type=click.Path(), metavar="FILE", help="Write every point of a sweep; '-' prints.")
def whatif_command(**options: Any) -> ExitCode:
    """Change the hardware before it exists, and see what becomes of networks.

    MODEL is a model file, a layer table of many networks, the name of a built-in network, such as mobilenet_v2, or a
    scenario that --save wrote, alone. Numbers of the platform go by their keys in its file, such as
    roofs.memory.dram.bandwidth_bytes_per_s.
    """
    # It needs numpy, whose import other verbs do without.
    from .run import run

    return run(**options)
