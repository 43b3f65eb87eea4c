"""The command ``measure plan``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from stairline.measure.plan import file as plans
from stairline.measure.plan.configuration import AS_STORED
from stairline.measure.timing.errors import MeasureError

_FILE = click.Path(path_type=Path)


@click.command("plan")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--op", "ops", multiple=True, metavar="NAME", help="Operator (conv2d, dwconv2d) or block; may repeat.")
@click.option("--hw", type=int, help="Height and width of the operator's input.")
@click.option("--cin", type=int, help="Input channels of the operator.")
@click.option("--cout", type=int, help="Output channels of the operator.")
@click.option("--kernel", type=int, help="Kernel size of the operator.")
@click.option("--stride", type=int, help="Stride of the operator.")
@click.option("--input", "pixels", type=int, metavar="PIXELS", help="Height and width of a zoo network's input.")
@click.option("--width", type=float, help="Width multiplier of a zoo network that has one.")
@click.option(
    "--sweep", metavar="NAME=VALUES", help="Vary one of these settings, such as cout=8:264:8 or cin=32,64,96."
)
@click.option(
    "--design-space", is_flag=True, help="The dataset of the paper's Table 1, which --op and settings narrow."
)
@click.option("--sample", type=int, metavar="N", help="N configurations at random of all that would be planned.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the draw of --sample.")
@click.option(
    "--dtype", "dtypes", multiple=True, default=("float32",), show_default=True, help="Precision; may repeat."
)
@click.option("-o", "--output", type=_FILE, required=True, metavar="FILE", help="The plan file to write.")
def plan_command(
    models: tuple[str, ...],
    ops: tuple[str, ...],
    pixels: int | None,
    sweep: str | None,
    dtypes: tuple[str, ...],
    output: Path,
    width: float | None,
    design_space: bool,
    sample: int | None,
    seed: int,
    **settings: int | None,
) -> None:
    """Write a plan of what to measure.

    MODEL is the name of a network of the zoo, or a model file, which is measured as it is.
    """
    if not models and not ops and not design_space:
        raise click.UsageError("nothing to measure: name a MODEL, give --op or --design-space")
    if design_space:
        if models or sweep:
            raise click.UsageError("--design-space has networks and sweeps of its own: leave MODEL and --sweep out")
        from stairline.measure.plan.design_space import dataset, subset

        entries = list(subset(dataset(dtypes), ops, _given(settings)))
    else:
        varied = _swept(sweep)
        entries = [plans.Entry("op", op, _given(settings), dtype, varied) for op in ops for dtype in dtypes]
        for model in models:
            given = _given({"input": pixels, "width": width})
            entries += _model_entries(model, given, dtypes, None if ops else varied)
    _write(output, [plans.verified(entry.name, entry) for entry in entries], sample, seed)


def _swept(text: str | None) -> plans.SweptSetting | None:
    name, equals, values = (text or "").partition("=")
    if text and not equals:
        raise click.UsageError(f"--sweep '{text}': write NAME=FIRST:LAST:STEP, such as cout=8:264:8")
    return plans.swept_setting(name, values) if text else None


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _model_entries(
    model: str, settings: dict[str, Any], dtypes: Iterable[str], varied: plans.SweptSetting | None
) -> list[plans.Entry]:
    """The entries for a model file, which a suffix shows it to be, or for a network of the zoo."""
    if Path(model).suffix:
        if not Path(model).is_file():
            raise MeasureError(f"{model}: no such file; check the path")
        return [plans.Entry("file", model, {}, AS_STORED)]
    return [plans.Entry("model", model, settings, dtype, varied) for dtype in dtypes]


def _write(path: Path, entries: list[plans.Entry], sample: int | None, seed: int) -> None:
    """Write a plan of these entries, after each network is built once to see that it can be."""
    found = plans.configurations(entries)
    if sample is not None:
        entries = list(plans.sample(found, sample, seed))
        found = plans.configurations(entries)
    for one in found:
        if one.kind != "file":
            one.graph()
    try:
        path.write_text(plans.write(entries), encoding="utf-8")
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None
    click.echo(f"{path}: {len(found)} configuration{'s' * (len(found) != 1)}", err=True)
