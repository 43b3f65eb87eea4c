"""The verb ``transfer``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

import hwmodels
from hwmodels import Platform
from hwmodels.commands import show
from hwmodels.schema import ELEMENT_BYTES
from hwmodels.text import did_you_mean

from .commands import LAYERS_HELP, records_and_networks, stated_conditions
from .overlay_commands import base_platform, target


@click.command("transfer")
@click.argument("calibrated", metavar="CALIBRATED")
@click.argument("records", metavar="RECORDS")
@click.option("--layers", metavar="TABLE", help=LAYERS_HELP)
@click.option("--backend", metavar="NAME", help="Of a store that holds measurements on several.")
@click.option(
    "--to",
    "base",
    metavar="BASE",
    help="A platform that describes the sibling: its clock, units and memory. Left out, those of CALIBRATED stay.",
)
@click.option("-o", "--output", required=True, metavar="OVERLAY.toml", help="Where the sibling is written.")
@click.option("--dtype", help="Precision of records that state none; that of CALIBRATED where left out.")
@click.option("--name", help="Name of the sibling; the output file's where left out.")
@click.option("--title", help="Its title, for lists.")
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="KEY=VALUE",
    help="Under what was measured, such as threads=1; may repeat. Goes into the file as it stands.",
)
def transfer_command(
    calibrated: str,
    records: str,
    layers: str | None,
    backend: str | None,
    base: str | None,
    output: str,
    dtype: str | None,
    name: str | None,
    title: str | None,
    conditions: Sequence[str],
) -> None:
    """Move a calibrated platform to a sibling device.

    A handful of RECORDS, from 1 to 200, say by what factors the sibling differs from CALIBRATED; what they do not tell
    stays as it was there. RECORDS is a store of 'measure run', or a CSV with the columns net,latency_ms and optionally
    std_ms,dtype. The result is a platform for 'predict -p OVERLAY.toml'.
    """
    # Numerics are loaded by the verbs that fit only: the others start in a fraction of the time.
    from .transfer import overlay_of, transfer
    from .transfer_report import transferred

    if dtype not in (None, *ELEMENT_BYTES):
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(str(dtype), ELEMENT_BYTES)}")
    origin = hwmodels.load(calibrated)
    over = base or _mechanisms(calibrated, origin)
    platform = base_platform(over)
    to = target(output, over, platform, name, title)
    if to.path.resolve() == Path(origin.path).resolve():
        raise click.UsageError(f"--output '{output}': is CALIBRATED itself; write the sibling to another file")
    stated = stated_conditions(conditions)
    found, graphs = records_and_networks(records, layers, backend, dtype or origin.dtypes[0])
    done = transfer(origin, platform, found, graphs)
    own_title = title or f"{platform.file.title}, moved to {found.name}"
    to.save(overlay_of(done, to.name, own_title, to.parent, stated))
    show(transferred(done, to.name, str(to.path)))


def _mechanisms(name: str, calibrated: Platform) -> str:
    """What a calibrated platform lies over, as a user would name it; itself where it is no overlay."""
    if calibrated.overlay is None:
        return name
    parent = calibrated.overlay.parent
    is_path = parent.endswith(".toml") or "/" in parent
    return str(Path(calibrated.path).parent / parent) if is_path else parent
