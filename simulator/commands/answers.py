"""Every answer to a request: a prediction of each network on each platform, or the reason why there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import tee
from typing import Generic, NamedTuple, TypeVar

import click

from stairline.exit_codes import ExitCode
from stairline.hwmodels import Platform
from stairline.hwmodels.commands.show import show
from stairline.hwmodels.reports.text import Block, Heading
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.prediction import Prediction, Summary
from stairline.simulator.reports.outcomes import Outcome
from stairline.simulator.reports.predictions import label

from .processes import Found, Settings, predicted, predicted_in
from .request import REFUSALS, Network, Request, networks_of

T = TypeVar("T")

_COMPILED_FROM = 1000
"""Number of predictions from which compiling the cost model takes less time than it saves."""
_BAR_FROM = 50
"""Number of predictions from which a progress bar is shown."""


class Answer(NamedTuple):
    """One network on one platform: the prediction, or why there is none."""

    name: str
    platform: Platform
    dtype: str | None
    """The precision that was asked for."""
    graph: Graph | None
    """None where the network could not be read."""
    prediction: Prediction | None
    reason: str

    @property
    def outcome(self) -> Outcome:
        """The headline, for a report on many."""
        if self.prediction is None:
            return _failure(self.name, self.platform, self.dtype, self.reason)
        return _headline(self.name, self.platform, self.prediction.summary, self.prediction.reasons)


class Answers(Generic[T]):
    """The answers to a request in the form that ``shape`` gives them, all platforms of one network after the other.

    How many were predictions and how many failed is known once they have been iterated over. With ``strict``, or where
    only one answer is asked for, the first failure is raised instead.
    """

    def __init__(self, asked: Request, shape: Callable[[Answer], T]) -> None:
        self._answers = with_progress(_one_by_one(asked), asked.total)
        self._shape = shape
        self.total = self.failed = 0

    def __iter__(self) -> Iterator[T]:
        for answer in self._answers:
            self.total += 1
            self.failed += answer.prediction is None
            yield self._shape(answer)

    def leave(self) -> ExitCode:
        """Say on standard error how many failed; the exit code that says so too."""
        return leave(self.failed, self.total)


def leave(failed: int, total: int) -> ExitCode:
    """Say on standard error how many of ``total`` answers are failures; the exit code that says so too."""
    if not failed:
        return ExitCode.DONE
    click.echo(f"stairline: {failed:,} of {total:,} have no prediction; --strict stops at the first", err=True)
    return ExitCode.UNUSABLE if failed == total else ExitCode.PARTLY_DONE


def show_each(asked: Request, report: Callable[[Graph, Platform], list[Block]]) -> ExitCode:
    """Print the report on each network on each platform; a failure has its reason under the heading."""
    total = failed = 0
    for network in networks_of(asked):
        for platform in asked.platforms:
            blocks, is_given = _reported(network, platform, asked, report)
            show([*([""] if total else []), *blocks])
            total += 1
            failed += not is_given
    return leave(failed, total)


def _reported(
    network: Network, platform: Platform, asked: Request, report: Callable[[Graph, Platform], list[Block]]
) -> tuple[list[Block], bool]:
    name, found = network
    try:
        if not isinstance(found, Graph):
            raise found
        return report(found, platform), True
    except REFUSALS as error:
        if asked.strict or asked.total == 1:
            raise
        return [Heading(f"{name} on {platform.name}: no report"), str(error)], False


def outcomes(asked: Request, *, with_reasons: bool) -> Iterator[Outcome]:
    """The headlines of all answers, in the order of ``Answers``; many networks of tables use the compiled models.

    The compiled models give no reasons for a status other than ok. Networks of model files are predicted one by one:
    each is at the precision of its own file.
    """
    tables = all(group.is_table for group in asked.groups)
    one_by_one = with_reasons or asked.jobs > 1 or asked.total < _COMPILED_FROM
    if one_by_one or not tables or not _can_compile(asked.total):
        return (answer.outcome for answer in with_progress(_one_by_one(asked), asked.total))
    return with_progress(_compiled(asked), asked.total)


def _can_compile(total: int) -> bool:
    """Whether the cost functions can be compiled here; without the compiler the same numbers take longer."""
    found = find_spec("numba") is not None
    if not found:
        click.echo(
            f"stairline: {total} predictions are made one by one: pip install 'stairline[batch]' to compile the models",
            err=True,
        )
    return found


def _one_by_one(asked: Request) -> Iterator[Answer]:
    settings = Settings(asked.platforms, asked.dtype, asked.allow_unknown)
    each = (
        predicted_in(asked.jobs, networks_of(asked), settings)
        if asked.jobs > 1
        else ((network, predicted(network, settings)) for network in networks_of(asked))
    )
    for (name, graph), row in each:
        for platform, found in zip(asked.platforms, row):
            yield _answer(name, graph if isinstance(graph, Graph) else None, platform, found, asked)


def _answer(name: str, graph: Graph | None, platform: Platform, found: Found, asked: Request) -> Answer:
    if isinstance(found, Prediction):
        shown = replace(found, summary=found.summary._replace(model=name))
        return Answer(name, platform, asked.dtype, graph, shown, "")
    if asked.strict or asked.total == 1:
        raise found
    return Answer(name, platform, asked.dtype, graph, None, str(found))


def _compiled(asked: Request) -> Iterator[Outcome]:
    from stairline.simulator.pricing.batch import predict_each

    streams = tee(networks_of(asked), len(asked.platforms) + 1)
    columns = [
        predict_each((found for _, found in own), platform.machine(asked.dtype), allow_unknown=asked.allow_unknown)
        for own, platform in zip(streams, asked.platforms)
    ]
    for (name, _), row in zip(streams[-1], zip(*columns)):
        for platform, found in zip(asked.platforms, row):
            if isinstance(found, Summary):
                yield _headline(name, platform, found, ())
            elif asked.strict:
                raise found
            else:
                yield _failure(name, platform, asked.dtype, str(found))


def _headline(name: str, platform: Platform, summary: Summary, reasons: tuple[str, ...]) -> Outcome:
    return Outcome(name, platform.name, label(platform), summary.dtype, summary, reasons)


def _failure(name: str, platform: Platform, dtype: str | None, reason: str) -> Outcome:
    return Outcome(name, platform.name, label(platform), dtype or "", None, (reason.removeprefix(f"{name}: "),))


def with_progress(items: Iterable[T], total: int) -> Iterator[T]:
    """The ``items`` unchanged; in a terminal, a progress bar on standard error shows how many of ``total`` are done."""
    if total < _BAR_FROM or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, "predicting", total=total, console=Console(stderr=True), transient=True)
