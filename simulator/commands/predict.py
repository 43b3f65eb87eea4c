"""The verbs ``predict`` and ``compare``, and ``show`` of ``platforms``, whose reasons are the simulator's."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import chain, tee
from pathlib import Path
from typing import Any, NamedTuple, TextIO, TypeVar

import click

from stairline import hwmodels
from stairline.hwmodels import Platform, PlatformError, without_residual
from stairline.hwmodels.commands import show
from stairline.hwmodels.reports.text import did_you_mean
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import Networks, networks
from stairline.simulator.pricing.predict import Prediction, Summary, predict
from stairline.simulator.reports import predictions as report
from stairline.simulator.reports import records
from stairline.simulator.reports.platforms import explanation

Command = TypeVar("Command", bound=Callable[..., Any])

T = TypeVar("T")

_COMPILED_FROM = 1000
"""Predictions from which compiling the cost model is quicker than doing without."""
_BAR_FROM = 50
"""Predictions from which a progress bar is worth its line."""


class Request(NamedTuple):
    """What is to be predicted: every network on every platform, at one precision or each platform's own."""

    networks: tuple[Networks, ...]
    platforms: tuple[Platform, ...]
    dtype: str | None
    allow_unknown: bool

    @property
    def total(self) -> int:
        """Number of predictions."""
        return sum(group.total for group in self.networks) * len(self.platforms)


class Result(NamedTuple):
    """A prediction with what it was made from."""

    graph: Graph
    platform: Platform
    prediction: Prediction

    @property
    def outcome(self) -> report.Outcome:
        """What a line about it says."""
        return report.Outcome(report.label(self.platform), self.prediction.summary, self.prediction.reasons)


def model_options(command: Command) -> Command:
    """What every verb on networks takes: the models and how to read them."""
    for decorate in (
        click.option("--allow-unknown", is_flag=True, help="Leave operators without a model out: a LOWER BOUND."),
        click.option("--width", type=float, help="Width multiplier of a zoo network that has one, such as 0.75."),
        click.option(
            "--input", "input_size", type=int, metavar="PIXELS", help="Height and width of a zoo network's input."
        ),
        click.option(
            "--shape",
            "shapes",
            multiple=True,
            metavar="[NAME=]DIMS",
            help="Input shape of a model file that leaves it open, such as 1,224,224,3, in the file's own axis order.",
        ),
        click.option("--dtype", help="Precision; each platform's default where left out."),
        click.argument("models", nargs=-1, required=True, metavar="MODEL..."),
    ):
        command = decorate(command)
    return command


@click.command("predict")
@model_options
@click.option(
    "-p",
    "--platform",
    "names",
    multiple=True,
    required=True,
    metavar="PLATFORM",
    help="Name, alias or .toml file; may repeat; 'all' for every platform.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line and prediction.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(),
    metavar="FILE",
    help="Write one row per prediction; '-' for standard output.",
)
@click.option("--kernels", is_flag=True, help="Also print every kernel.")
@click.option(
    "--no-residual",
    is_flag=True,
    help="The analytical part alone, without a calibrated platform's residual.",
)
def predict_command(
    models: tuple[str, ...],
    names: tuple[str, ...],
    as_json: bool,
    csv_file: str | None,
    kernels: bool,
    no_residual: bool,
    **how: Any,
) -> None:
    """Predict how long networks take.

    MODEL is a model file, a layer table of many networks, or the name of a network of the zoo, such as mobilenet_v2.
    """
    if as_json + bool(csv_file) + kernels > 1:
        raise click.UsageError("--json, --csv and --kernels exclude each other: give one")
    request = _request(models, names, **how)
    if no_residual:
        request = request._replace(platforms=tuple(map(without_residual, request.platforms)))
    if csv_file:
        _write_csv(csv_file, request)
    elif as_json:
        for r in _results(request):
            click.echo(json.dumps(records.record(r.prediction, r.graph, r.platform)))
    elif request.total == 1 or kernels:
        for number, r in enumerate(_results(request)):
            show([*([""] if number else []), *report.single(r.prediction, r.platform, every_kernel=kernels)])
    else:
        show(report.several([r.outcome for r in _results(request)]))


@click.command("compare")
@model_options
@click.option(
    "-p",
    "--platform",
    "names",
    multiple=True,
    default=("all",),
    show_default=True,
    metavar="PLATFORM",
    help="Name, alias or .toml file; may repeat; 'all' for every platform.",
)
def compare_command(models: tuple[str, ...], names: tuple[str, ...], **how: Any) -> None:
    """Print networks by platforms, in ms."""
    request = _request(models, names, **how)
    show(report.comparison([r.outcome for r in _results(request)], len(request.platforms)))


@click.command("show")
@click.argument("name")
def show_command(name: str) -> None:
    """Explain a platform: roofs, ridge points, tiles, fusion, operators and why, sources."""
    show(explanation(hwmodels.load(name)))


def _request(
    models: Sequence[str],
    names: Sequence[str],
    dtype: str | None,
    shapes: Sequence[str],
    input_size: int | None,
    width: float | None,
    allow_unknown: bool,
) -> Request:
    """Everything that can be refused before the first prediction is refused here."""
    if dtype not in (None, *ELEMENT_BYTES):
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(str(dtype), ELEMENT_BYTES)}")
    platforms = _platforms(names, dtype)
    shape = _shapes(shapes)
    found = tuple(networks(model, shape, input_size=input_size, width=width) for model in models)
    return Request(found, platforms, dtype, allow_unknown)


def _results(request: Request) -> Iterator[Result]:
    """Every network on every platform, network by network, with all its kernels."""

    def results() -> Iterator[Result]:
        for graph in chain.from_iterable(group.graphs for group in request.networks):
            for platform in request.platforms:
                prediction = predict(graph, platform, request.dtype, allow_unknown=request.allow_unknown)
                yield Result(graph, platform, prediction)

    return _watched(results(), request.total)


def _summaries(request: Request) -> Iterator[Summary]:
    """The same without the kernels: the compiled path where there is enough to make up for compiling."""
    if request.total < _COMPILED_FROM or not _can_compile(request.total):
        return (result.prediction.summary for result in _results(request))
    from stairline.simulator.pricing.batch import predict_many

    graphs = tee(chain.from_iterable(group.graphs for group in request.networks), len(request.platforms))
    columns = [
        predict_many(own, platform.machine(request.dtype), allow_unknown=request.allow_unknown)
        for own, platform in zip(graphs, request.platforms)
    ]
    return _watched(chain.from_iterable(zip(*columns)), request.total)


def _can_compile(total: int) -> bool:
    """Whether the cost functions can be compiled here; without the compiler the same numbers take longer."""
    found = find_spec("numba") is not None
    if not found:
        click.echo(
            f"stairline: {total} predictions are made one by one: pip install 'stairline[batch]' to compile the models",
            err=True,
        )
    return found


def _platforms(names: Sequence[str], dtype: str | None) -> tuple[Platform, ...]:
    """The platforms named, each once; those of 'all' that lack the precision are left out, and said so."""
    chosen: dict[Platform, None] = {}
    for name in names:
        if name.lower() != "all":
            platform = hwmodels.load(name)
            platform.machine(dtype)
            chosen[platform] = None
            continue
        for platform in hwmodels.available():
            if platform.file.fallback_only:
                continue
            if dtype in (None, *platform.dtypes):
                chosen[platform] = None
            else:
                click.echo(f"stairline: left out {platform.name}: it has no {dtype}", err=True)
    if not chosen:
        raise PlatformError(f"no platform has the precision '{dtype}'; 'stairline platforms' lists what they have")
    return tuple(chosen)


def _shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]] | tuple[int, ...] | None:
    """--shape 1,224,224,3 alone, or NAME=1,224,224,3 once per input."""
    named: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, dims = text.rpartition("=")
        try:
            named[name] = tuple(int(dim) for dim in dims.split(","))
        except ValueError:
            raise click.UsageError(
                f"--shape '{text}': give whole numbers between commas, such as 1,224,224,3"
            ) from None
    if len(texts) > 1 and ("" in named or len(named) < len(texts)):
        raise click.UsageError("--shape: with more than one, give each as NAME=DIMS and each name once")
    return named.get("", named) if named else None


def _watched(results: Iterator[T], total: int) -> Iterator[T]:
    """The same items, with a progress bar on standard error where a person looks at a long batch."""
    if total < _BAR_FROM or not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(results, "predicting", total=total, console=Console(stderr=True), transient=True)


def _write_csv(path: str, request: Request) -> None:
    if path == "-":
        _write_rows(sys.stdout, request)
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("w", newline="", encoding="utf-8"))
        except OSError as error:
            raise click.UsageError(f"--csv '{path}': cannot be written: {error.strerror}; name another file") from None
        count = _write_rows(file, request)
    click.echo(f"wrote {count} prediction{'s' * (count != 1)} to {path}", err=True)


def _write_rows(file: TextIO, request: Request) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(records.CSV_COLUMNS)
    count = 0
    for summary in _summaries(request):
        writer.writerow(records.csv_row(summary))
        count += 1
    return count
