"""Predictions in several processes, in the order of one."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction

from .request import REFUSALS, Network

if TYPE_CHECKING:
    from concurrent.futures import Future

Found = Prediction | ValueError
"""A prediction, or the error that says why there is none."""

_CHUNK = 16
"""Networks that a process takes at a time."""


class Settings(NamedTuple):
    """How every network is predicted."""

    platforms: tuple[Platform, ...]
    dtype: str | None
    allow_unknown: bool


_settings: list[Settings] = []
"""In a process that was started: the settings that it was started with."""


def predicted(network: Network, settings: Settings) -> list[Found]:
    """What comes of a network on each platform."""
    return [_predicted(network[1], platform, settings) for platform in settings.platforms]


def _predicted(graph: Graph | ValueError, platform: Platform, settings: Settings) -> Found:
    if not isinstance(graph, Graph):
        return graph
    try:
        return predict(graph, platform, settings.dtype, allow_unknown=settings.allow_unknown)
    except REFUSALS as error:
        return error


def predicted_in(jobs: int, networks: Iterable[Network], settings: Settings) -> Iterator[tuple[Network, list[Found]]]:
    """Each of the ``networks``, in order, with what comes of it on each platform, by ``jobs`` processes."""
    # One process predicts without these, whose import takes a tenth of the command's start.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A process that is started anew shares no thread and no lock with this one, on any system.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (settings,))
    try:
        waiting: deque[tuple[list[Network], Future[list[list[Found]]]]] = deque()
        remaining = iter(networks)
        while chunk := list(islice(remaining, _CHUNK)):
            waiting.append((chunk, pool.submit(_work, chunk)))
            if len(waiting) > 2 * jobs:
                yield from _done(*waiting.popleft())
        while waiting:
            yield from _done(*waiting.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _done(chunk: list[Network], work: Future[list[list[Found]]]) -> Iterator[tuple[Network, list[Found]]]:
    return zip(chunk, work.result())


def _start(settings: Settings) -> None:
    # An interrupt reaches every process of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _settings[:] = [settings]


def _work(chunk: list[Network]) -> list[list[Found]]:
    return [predicted(network, _settings[0]) for network in chunk]
