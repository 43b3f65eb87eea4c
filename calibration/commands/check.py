"""The verb ``check``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stairline import hwmodels
from stairline.exit_codes import ExitCode
from stairline.hwmodels.commands.show import show
from stairline.simulator import zoo
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.sources import is_layer_table
from stairline.simulator.networks import networks, read
from stairline.simulator.readers.dispatch import BY_SUFFIX

from .records import backend_option, verify_dtype

if TYPE_CHECKING:
    from stairline.calibration.check.measured import MeasuredFile
    from stairline.calibration.check.result import Check

FILE = click.Path(path_type=Path)


class Share(click.ParamType[float]):
    """A share, written as 5% or 0.05; with ``between`` neither none nor all."""

    name = "share"

    def __init__(self, *, between: bool = False) -> None:
        self.between = between

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share as a number from 0 to 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = -1.0
        if not 0.0 <= share <= 1.0:
            self.fail(f"'{text}' is no share; give one such as 5% or 0.05", param, ctx)
        if self.between and share in (0.0, 1.0):
            self.fail(f"'{text}': give a share between 0 and 1, such as 5%", param, ctx)
        return share


@click.command("check")
@click.argument("measured", type=FILE, metavar="MEASURED")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option("-p", "--platform", "name", required=True, metavar="PLATFORM", help="The platform that predicts.")
@click.option("--layers", metavar="TABLE", help="Layer table with the networks that were measured.")
@click.option("--models", "folder", type=FILE, metavar="DIR", help="Folder with their model files, by name.")
@click.option("--net", metavar="NAME", help="The network of a profile that does not name it.")
@click.option("--dtype", help="Precision of records that state none; by default the file's own or the platform's.")
@backend_option
@click.option(
    "--false-discovery",
    type=Share(between=True),
    default="5%",
    show_default=True,
    metavar="SHARE",
    help="Of the rows that are flagged, the share that may be flagged wrongly.",
)
@click.option(
    "--fail-over",
    type=Share(),
    default="0%",
    show_default=True,
    metavar="SHARE",
    help="Diverge only where what is described costs more than this share of the time measured.",
)
@click.option("--junit", type=FILE, metavar="FILE", help="Write JUnit XML as well: a test case for each network.")
@click.option("--baseline", type=FILE, metavar="EARLIER.json", help="Say what is new, gone and worse since then.")
@click.option("--ignore", type=FILE, metavar="FILE", help="TOML of accepted descriptions, each with a last day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check_command(
    measured: Path,
    models: tuple[str, ...],
    name: str,
    layers: str | None,
    folder: Path | None,
    net: str | None,
    dtype: str | None,
    backend: str | None,
    false_discovery: float,
    fail_over: float,
    junit: Path | None,
    baseline: Path | None,
    ignore: Path | None,
    as_json: bool,
) -> int:
    """Hold measurements against predictions, and say why they part.

    MEASURED is a store of 'measure run', a CSV of networks (net,latency_ms) or of operators
    (net,layer,op,latency_ms), or what a tool wrote. Exit code 0: they agree; 1: they diverge; 2: unusable input.
    """
    from stairline.calibration.check.check import check
    from stairline.calibration.check.outputs import accepting, read_accepted, since
    from stairline.calibration.check.terminal import changes, report

    verify_dtype(dtype)
    platform = hwmodels.load(name)
    found, of_store = measured_file(measured, backend, net or (Path(models[0]).stem if len(models) == 1 else None))
    graph_of = networks_by_name(found, of_store, layers, folder, models)
    done = check(found, graph_of, platform, dtype=dtype, false_discovery=false_discovery, fail_over=fail_over)
    if ignore:
        done = accepting(done, read_accepted(ignore), datetime.now(UTC).date())
    if junit:
        _write_junit(junit, done)
    if as_json:
        click.echo(json.dumps(done.to_json(), allow_nan=False))
    else:
        show([*report(done), *(changes(since(done, baseline)) if baseline else [])])
    return ExitCode.DIVERGED if done.verdict == "diverges" else ExitCode.DONE


def _write_junit(path: Path, done: Check) -> None:
    from stairline.calibration.check.outputs import junit

    try:
        path.write_text(junit(done), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--junit '{path}': cannot be written: {error.strerror}; name another file") from None


def measured_file(path: Path, backend: str | None, net: str | None) -> tuple[MeasuredFile, dict[str, Graph]]:
    """What was measured, with the networks that a store knows."""
    from stairline.calibration.check.measured import read_measured
    from stairline.calibration.check.stored import read_stored
    from stairline.calibration.records.store import is_store

    if is_store(path):
        return read_stored(path, backend)
    if backend:
        raise click.UsageError(f"--backend '{backend}': {path} is no store of measurements; leave it out")
    return read_measured(path, net), {}


def networks_by_name(
    found: MeasuredFile, of_store: dict[str, Graph], layers: str | None, folder: Path | None, models: tuple[str, ...]
) -> Callable[[str], Graph | None]:
    """Networks by name: those given, those of the store, those of a folder, and the zoo's."""
    asked = {one.net for one in found.networks}
    known = dict(of_store)
    for table in (*((layers,) if layers else ()), *models):
        given = list(_named(table))
        known |= {name: graph for name, graph in given if name in asked}
        if len(given) == 1 and len(asked) == 1 and not asked & known.keys():
            known[next(iter(asked))] = given[0][1]
    files = _files(folder)

    def graph_of(name: str) -> Graph | None:
        if name not in known:
            stem = Path(name).stem if Path(name).suffix.lower() in BY_SUFFIX else name
            if stem in files:
                known[name] = read(files[stem])
            elif name in zoo.MODELS:
                known[name] = zoo.build(name)
        return known.get(name)

    return graph_of


def _named(path: str) -> Iterator[tuple[str, Graph]]:
    """The networks of a file or name, each under the names by which records may call it."""
    for graph in networks(path).graphs:
        yield (graph.name if is_layer_table(path) or path in zoo.MODELS else Path(path).stem), graph


def _files(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise click.UsageError(f"--models '{folder}': no such folder")
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in BY_SUFFIX}
