"""The verb ``fit``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hwmodels import with_free, with_values, without_operators
from hwmodels.schema import ELEMENT_BYTES
from hwmodels.text import did_you_mean
from simulator import zoo
from simulator.graph import Graph
from simulator.networks import networks

from .overlay_commands import base_platform, target

if TYPE_CHECKING:
    from .records import Records

_FILE = click.Path(path_type=Path)
LAYERS_HELP = "Layer table with the networks of a CSV. A store knows its own; without it, names are those of the zoo."


@click.command("fit")
@click.argument("records", metavar="RECORDS")
@click.option("--layers", metavar="TABLE", help=LAYERS_HELP)
@click.option("--backend", metavar="NAME", help="Of a store that holds measurements on several.")
@click.option("-p", "--platform", "base", required=True, metavar="BASE", help="The platform to start from.")
@click.option("-o", "--output", required=True, metavar="OVERLAY.toml", help="Where the calibrated platform is written.")
@click.option("--dtype", help="Precision of records that state none; the base's default where left out.")
@click.option("--name", help="Name of the calibrated platform; the output file's where left out.")
@click.option("--title", help="Its title, for lists.")
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
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="KEY=VALUE",
    help="Under what was measured, such as threads=1; may repeat. Goes into the file as it stands.",
)
@click.option("--no-residual", is_flag=True, help="Fit the models alone, and correct nothing beside them.")
@click.option("--report", "page", type=_FILE, metavar="REPORT.html", help="Write a page with figures as well.")
def fit_command(
    records: str,
    layers: str | None,
    backend: str | None,
    base: str,
    output: str,
    dtype: str | None,
    name: str | None,
    title: str | None,
    omitted: tuple[str, ...],
    stated: Sequence[str],
    freed: Sequence[str],
    conditions: Sequence[str],
    page: Path | None,
    no_residual: bool,
) -> None:
    """Fit a platform to measured networks.

    RECORDS is a store of 'measure run', or a CSV with the columns net,latency_ms and optionally std_ms,dtype. The
    result is an overlay: a platform for 'predict -p OVERLAY.toml' that holds the numbers that differ from BASE, the
    verdict and the scores.
    """
    # Numerics are loaded by this verb only: the others start in a fraction of the time.
    from . import html_report
    from .calibrate import calibrate
    from .sweeps import read_sweeps

    if dtype not in (None, *ELEMENT_BYTES):
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(str(dtype), ELEMENT_BYTES)}")
    platform = base_platform(base)
    to = target(output, base, platform, name, title)
    under, numbers = stated_conditions(conditions), _numbers(stated)
    if page:
        html_report.verify(page)
    found, graphs = records_and_networks(records, layers, backend, dtype or platform.dtypes[0])
    started = with_free(with_values(without_operators(platform, omitted), numbers), _bounds(freed))
    done = calibrate(started, found, graphs, correct=not no_residual)
    overlay = to.write(done, under, omitted, numbers)
    if page:
        html_report.write(page, done, overlay, read_sweeps(Path(records), backend))


def records_and_networks(
    path: str, layers: str | None, backend: str | None, dtype: str
) -> tuple[Records, Iterable[Graph]]:
    """What was measured, and its networks: those of a store, of a layer table, or of the zoo by their names."""
    from .records import read_records
    from .store_records import is_store, read_store

    if is_store(Path(path)):
        if layers:
            raise click.UsageError(f"--layers '{layers}': {path} is a store, which knows its networks; leave it out")
        return read_store(Path(path), backend)
    if backend:
        raise click.UsageError(f"--backend '{backend}': {path} is no store of measurements; leave it out")
    found = read_records(path, dtype)
    if layers:
        return found, networks(layers).graphs
    names = dict.fromkeys(row.net for row in found.rows)
    unknown = next((name for name in names if name not in zoo.MODELS), None)
    if unknown is not None:
        raise click.UsageError(f"{path}: '{unknown}' is no network of the zoo: give --layers, a table of the layers")
    return found, [zoo.build(name) for name in names]


def stated_conditions(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, _, value = (part.strip() for part in text.partition("="))
        if not key or not value or key in found:
            raise click.UsageError(f"--condition '{text}': give KEY=VALUE, such as threads=1, and each key once")
        found[key] = value
    return found


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
