"""The verb ``fit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from stairline.hwmodels import with_fit_bounds, with_values, without_operators
from stairline.hwmodels.files.derived import cycles_kept

from .overlay import (
    base_platform,
    conditions_option,
    force_option,
    name_option,
    output_option,
    report_option,
    stated_conditions,
    target,
    title_option,
)
from .page import verify_page, write_page
from .records import backend_option, dtype_option, layers_option, records_and_networks, records_argument, verify_dtype


@click.command("fit")
@records_argument
@layers_option
@backend_option
@click.option("-p", "--platform", "base", required=True, metavar="BASE", help="The platform to start from.")
@output_option()
@dtype_option("the base's default")
@name_option()
@title_option
@click.option(
    "--omit",
    "omitted",
    multiple=True,
    metavar="OPERATOR",
    help="An operator whose time RECORDS do not hold, such as dense; may repeat.",
)
@click.option(
    "--set",
    "stated",
    multiple=True,
    metavar="KEY=VALUE",
    help="A number of BASE that is another one where RECORDS were measured; may repeat.",
)
@click.option(
    "--free",
    "freed",
    multiple=True,
    metavar="KEY=MIN:MAX",
    help="A number of BASE to fit beside those that it marks, such as overheads.inference_s=1e-7:1e-3; may repeat.",
)
@conditions_option
@click.option("--no-residual", is_flag=True, help="Fit the models alone, and correct nothing beside them.")
@report_option
@force_option
def fit_command(
    records: str,
    layers: str | None,
    backend: str | None,
    base: str,
    output: str,
    dtype: str | None,
    own_name: str | None,
    title: str | None,
    omitted: tuple[str, ...],
    stated: Sequence[str],
    freed: Sequence[str],
    conditions: Sequence[str],
    page: Path | None,
    no_residual: bool,
    force: bool,
) -> None:
    """Fit a platform to measured networks.

    RECORDS is a store of 'measure run', or a CSV with the columns net,latency_ms and optionally
    std_ms,dtype,family. The result is an overlay: a platform for 'predict -p OVERLAY.toml' that holds the numbers that
    differ from BASE, the verdict and the scores.
    """
    # Numerics are loaded by this verb only: the others start in a fraction of the time.
    from stairline.calibration.overlays.calibrated import calibrate

    verify_dtype(dtype)
    platform = base_platform(base)
    to = target(output, base, platform, own_name, title, force=force)
    under, numbers = stated_conditions(conditions), _numbers(stated)
    # What another clock moves is stated of the calibrated platform, too.
    numbers = cycles_kept(platform, numbers)
    if page:
        verify_page(page)
    found, graphs = records_and_networks(records, layers, backend, dtype or platform.dtypes[0])
    started = with_fit_bounds(with_values(without_operators(platform, omitted), numbers), _bounds(freed))
    done = calibrate(started, found, graphs, correct=not no_residual)
    overlay = to.write(done, under, omitted, numbers, force=force)
    if page:
        write_page(page, done, overlay, Path(records), backend)


def _numbers(texts: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        key, _, value = text.partition("=")
        try:
            found[key.strip()] = float(value)
        except ValueError:
            raise click.UsageError(f"--set '{text}': give KEY=VALUE, such as shared.group_max=512") from None
    return found


def _bounds(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        key, _, span = text.partition("=")
        low, _, high = span.partition(":")
        try:
            found[key.strip()] = float(low), float(high)
        except ValueError:
            raise click.UsageError(
                f"--free '{text}': give KEY=MIN:MAX, such as overheads.inference_s=1e-7:1e-3"
            ) from None
    return found
