"""The verb ``watch``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stairline import hwmodels
from stairline.exit_codes import ExitCode

from .check import FILE, Share, measured_file, networks_by_name
from .records import backend_option


@click.command("watch")
@click.argument("measured", type=FILE, metavar="STORE")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option("-p", "--platform", "name", required=True, metavar="PLATFORM", help="The platform that predicts.")
@click.option("--layers", metavar="TABLE", help="Layer table with the networks that were measured.")
@click.option("--noise", type=Share(), metavar="SHARE", help="Relative deviation of times that state none.")
@click.option(
    "--false-alarms",
    type=Share(between=True),
    default="1%",
    show_default=True,
    metavar="SHARE",
    help="The probability of any false alarm, however long and often one looks.",
)
@backend_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def watch_command(
    measured: Path,
    models: tuple[str, ...],
    name: str,
    layers: str | None,
    noise: float | None,
    false_alarms: float,
    backend: str | None,
    as_json: bool,
) -> int:
    """Say when times that are taken again and again have moved, and whether all did.

    STORE is a store of 'measure run' or a CSV net,latency_ms,std_ms in the order the times were taken.
    Exit code 0: nothing moved; 1: something did; 2: unusable input.
    """
    from stairline.calibration.check.terminal import watched
    from stairline.calibration.check.watch import watch
    from stairline.hwmodels.commands.show import show

    platform = hwmodels.load(name)
    found, of_store = measured_file(measured, backend, None)
    graph_of = networks_by_name(found, of_store, layers, None, models)
    done = watch(found, graph_of, platform, noise=noise, false_alarms=false_alarms)
    if as_json:
        click.echo(json.dumps(done.to_json(), allow_nan=False))
    else:
        show(watched(done))
    return ExitCode.DIVERGED if done.alarms else ExitCode.DONE
