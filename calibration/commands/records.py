"""Options and arguments that name what was measured, for the verbs that fit to existing records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator import zoo
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import networks

if TYPE_CHECKING:
    from stairline.calibration.records.record import Records

records_argument = click.argument("records", metavar="RECORDS")
layers_option = click.option(
    "--layers",
    metavar="TABLE",
    help="Layer table with the networks of a CSV. A store knows its own; without it, names are those of the zoo.",
)
backend_option = click.option("--backend", metavar="NAME", help="Of a store that holds measurements on several.")


def dtype_option(otherwise: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The precision of records that state none; ``otherwise`` says which it is where the option is left out."""
    return click.option("--dtype", help=f"Precision of records that state none; {otherwise} where left out.")


def records_and_networks(
    path: str, layers: str | None, backend: str | None, dtype: str
) -> tuple[Records, Iterable[Graph]]:
    """What was measured, and its networks: those of a store, of a layer table, or of the zoo by their names.

    ``dtype`` is the precision of records that state none. Raises UsageError for options that do not fit the records.
    """
    from stairline.calibration.records.store import is_store, read_store
    from stairline.calibration.records.table import read_records

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


def verify_dtype(dtype: str | None) -> None:
    """Raises UsageError for what is no precision."""
    if dtype not in (None, *ELEMENT_BYTES):
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(str(dtype), ELEMENT_BYTES)}")
