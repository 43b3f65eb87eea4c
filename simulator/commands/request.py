"""From the arguments of a verb to predictions: every network on every platform."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain, tee
from typing import NamedTuple, TypeVar

import click

from stairline import hwmodels
from stairline.hwmodels import Platform, PlatformError
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import Networks, networks
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction, Summary
from stairline.simulator.reports.predictions import Outcome, label

T = TypeVar("T")

_COMPILED_FROM = 1000
"""Number of predictions from which compiling the cost model takes less time than it saves."""
_BAR_FROM = 50
"""Number of predictions from which a progress bar is shown."""


class Request(NamedTuple):
    """Networks to predict, each on every platform, at one precision or, for None, at what ``precision`` finds."""

    networks: tuple[Networks, ...]
    platforms: tuple[Platform, ...]
    dtype: str | None
    allow_unknown: bool

    @property
    def total(self) -> int:
        """The number of predictions."""
        return sum(group.total for group in self.networks) * len(self.platforms)


class Result(NamedTuple):
    """A prediction with the network and the platform that it is of."""

    graph: Graph
    platform: Platform
    prediction: Prediction

    @property
    def outcome(self) -> Outcome:
        """The headline of the prediction, for a report on many."""
        return Outcome(label(self.platform), self.prediction.summary, self.prediction.reasons)


def request(
    models: Sequence[str],
    names: Sequence[str],
    dtype: str | None,
    shapes: Sequence[str],
    input_size: int | None,
    width: float | None,
    allow_unknown: bool,
    signature: str | None,
) -> Request:
    """The request in a verb's arguments; whatever can be refused before the first prediction is refused here."""
    if dtype not in (None, *ELEMENT_BYTES):
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(str(dtype), ELEMENT_BYTES)}")
    platforms = _platforms(names, dtype)
    shape = _shapes(shapes)
    found = tuple(networks(model, shape, input_size=input_size, width=width, signature=signature) for model in models)
    return Request(found, platforms, dtype, allow_unknown)


def results(asked: Request) -> Iterator[Result]:
    """The predictions with all their kernels, of one network on all platforms, then of the next."""

    def predicted() -> Iterator[Result]:
        for graph in chain.from_iterable(group.graphs for group in asked.networks):
            for platform in asked.platforms:
                prediction = predict(graph, platform, asked.dtype, allow_unknown=asked.allow_unknown)
                yield Result(graph, platform, prediction)

    return _with_progress(predicted(), asked.total)


def summaries(asked: Request) -> Iterator[Summary]:
    """The headlines of the predictions, in the order of ``results``; many networks of tables use the compiled models.

    Networks of model files are predicted one by one: each is at the precision of its own file.
    """
    tables = all(group.total > 1 for group in asked.networks)
    if asked.total < _COMPILED_FROM or not tables or not _can_compile(asked.total):
        return (result.prediction.summary for result in results(asked))
    from stairline.simulator.pricing.batch import predict_many

    graphs = tee(chain.from_iterable(group.graphs for group in asked.networks), len(asked.platforms))
    columns = [
        predict_many(own, platform.machine(asked.dtype), allow_unknown=asked.allow_unknown)
        for own, platform in zip(graphs, asked.platforms)
    ]
    return _with_progress(chain.from_iterable(zip(*columns)), asked.total)


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
    """The platforms of these names, each once; 'all' leaves out those without the precision and reports them."""
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
                click.echo(f"stairline: left out {platform.name}: it has no precision {dtype}", err=True)
    if not chosen:
        raise PlatformError(f"no platform has the precision '{dtype}'; 'stairline platforms' lists what they have")
    return tuple(chosen)


def _shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]] | tuple[int, ...] | None:
    """The input shapes in --shape options: one written 1,224,224,3 alone, or NAME=1,224,224,3 for each input."""
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


def _with_progress(items: Iterator[T], total: int) -> Iterator[T]:
    """The ``items`` unchanged; in a terminal, a progress bar on standard error shows how many of ``total`` are done."""
    if total < _BAR_FROM or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, "predicting", total=total, console=Console(stderr=True), transient=True)
