"""The verb ``measure`` and its ``plan``; what works on a store is in store_commands.py."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from . import plan as plans
from .configuration import AS_STORED
from .record import MeasureError
from .store_commands import export_command, plot_command, run_command, show_command

_EXISTING = click.Path(path_type=Path)


@click.group("measure")
def measure_group() -> None:
    """Measure networks on the runtimes of this machine."""


for _command in (run_command, show_command, export_command, plot_command):
    measure_group.add_command(_command)


@measure_group.command("plan")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--op", "ops", multiple=True, metavar="NAME", help="Operator (conv2d, dwconv2d) or block; may repeat.")
@click.option("--hw", type=int, help="Height and width of the operator's input.")
@click.option("--cin", type=int, help="Its input channels.")
@click.option("--cout", type=int, help="Its output channels.")
@click.option("--kernel", type=int, help="Its kernel size.")
@click.option("--stride", type=int, help="Its stride.")
@click.option("--input", "pixels", type=int, metavar="PIXELS", help="Height and width of a zoo network's input.")
@click.option("--width", type=float, help="Width multiplier of a zoo network that has one.")
@click.option("--sweep", metavar="NAME=FIRST:LAST:STEP", help="Vary one of these settings, such as cout=8:264:8.")
@click.option("--dtype", "dtypes", multiple=True, default=("float32",), show_default=True, help="May repeat.")
@click.option("-o", "--output", type=_EXISTING, required=True, metavar="FILE", help="The plan file to write.")
def plan_command(
    models: tuple[str, ...],
    ops: tuple[str, ...],
    pixels: int | None,
    sweep: str | None,
    dtypes: tuple[str, ...],
    output: Path,
    width: float | None,
    **settings: int | None,
) -> None:
    """Write a plan of what to measure.

    MODEL is the name of a network of the zoo, or a model file, which is measured as it is.
    """
    if not models and not ops:
        raise click.UsageError("nothing to measure: name a MODEL or give --op")
    name, equals, values = (sweep or "").partition("=")
    if sweep and not equals:
        raise click.UsageError(f"--sweep '{sweep}': write NAME=FIRST:LAST:STEP, such as cout=8:264:8")
    varied = plans.sweep(name, values) if sweep else None
    entries = [plans.Entry("op", op, _given(settings), dtype, varied) for op in ops for dtype in dtypes]
    for model in models:
        entries += _model_entries(model, _given({"input": pixels, "width": width}), dtypes, None if ops else varied)
    verified = [plans.verified(entry.name, entry) for entry in entries]
    found = plans.configurations(verified)
    for one in found:
        if one.kind != "file":
            one.graph()
    _write(output, plans.write(verified))
    click.echo(f"{output}: {len(found)} configuration{'s' * (len(found) != 1)}", err=True)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _model_entries(
    model: str, settings: dict[str, Any], dtypes: Iterable[str], varied: plans.Sweep | None
) -> list[plans.Entry]:
    """A file by its suffix; anything else is a name of the zoo, and refused with its names if it is none."""
    if Path(model).suffix:
        if not Path(model).is_file():
            raise MeasureError(f"{model}: no such file; check the path")
        return [plans.Entry("file", model, {}, AS_STORED)]
    return [plans.Entry("model", model, settings, dtype, varied) for dtype in dtypes]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None
