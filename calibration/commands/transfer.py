"""The verb ``transfer``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from stairline import hwmodels
from stairline.hwmodels import Platform
from stairline.hwmodels.commands.show import show

from .overlay import (
    base_platform,
    conditions_option,
    force_option,
    name_option,
    output_option,
    stated_conditions,
    target,
    title_option,
)
from .records import backend_option, dtype_option, layers_option, records_and_networks, records_argument, verify_dtype


@click.command("transfer")
@click.argument("calibrated", metavar="CALIBRATED")
@records_argument
@layers_option
@backend_option
@click.option(
    "--to",
    "base",
    metavar="BASE",
    help="A platform that describes the sibling: its clock, units and memory. Left out, those of CALIBRATED stay.",
)
@output_option("the sibling")
@dtype_option("that of CALIBRATED")
@name_option("the sibling")
@title_option
@conditions_option
@force_option
def transfer_command(
    calibrated: str,
    records: str,
    layers: str | None,
    backend: str | None,
    base: str | None,
    output: str,
    dtype: str | None,
    own_name: str | None,
    title: str | None,
    conditions: Sequence[str],
    force: bool,
) -> None:
    """Move a calibrated platform to a sibling device.

    A handful of RECORDS, from 1 to 200, determine by what factors the sibling differs from CALIBRATED; what they leave
    open stays as it was there. RECORDS is a store of 'measure run', or a CSV with the columns net,latency_ms and
    optionally std_ms,dtype,family. The result is a platform for 'predict -p OVERLAY.toml'.
    """
    # Numerics are loaded by the verbs that fit only: the others start in a fraction of the time.
    from stairline.calibration.report.transfer import transferred
    from stairline.calibration.transfer.overlay import transferred_overlay
    from stairline.calibration.transfer.transfer import transfer

    verify_dtype(dtype)
    origin = hwmodels.load(calibrated)
    over = base or _mechanisms(calibrated, origin)
    platform = base_platform(over)
    to = target(output, over, platform, own_name, title, force=force)
    if to.path.resolve() == Path(origin.path).resolve():
        raise click.UsageError(f"--output '{output}': is CALIBRATED itself; write the sibling to another file")
    stated = stated_conditions(conditions)
    found, graphs = records_and_networks(records, layers, backend, dtype or origin.dtypes[0])
    done = transfer(origin, platform, found, graphs)
    with to.complaining():
        overlay = transferred_overlay(done, to.header(done, "moved to", stated))
    to.save(overlay)
    show(transferred(done, to.name, str(to.path)))


def _mechanisms(name: str, calibrated: Platform) -> str:
    """What a calibrated platform lies over, as a user would name it; itself where it is no overlay."""
    if calibrated.overlay is None:
        return name
    parent = calibrated.overlay.parent
    is_path = parent.endswith(".toml") or "/" in parent
    return str(Path(calibrated.path).parent / parent) if is_path else parent
