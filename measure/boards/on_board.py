"""A backend of this machine taken to a board."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from stairline.measure.runtimes.backend import Backend
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run

from . import benchmark_model, runner, snpe
from .transports.target import transport
from .transports.transport import ConnectionLostError, Transport

_Answer = TypeVar("_Answer")


class _Driver(NamedTuple):
    """How a backend is asked on a board."""

    conditions: Callable[[Transport, str, int], Conditions]
    visit: Callable[[Transport, str, Path, int, Protocol], Run]


_DRIVERS = {
    **dict.fromkeys(runner.BACKENDS, _Driver(runner.conditions, runner.visit)),
    benchmark_model.NAME: _Driver(benchmark_model.conditions, benchmark_model.visit),
    **dict.fromkeys(snpe.PROCESSORS, _Driver(snpe.conditions, snpe.visit)),
}


def on_board(backend: Backend, target: str) -> Backend:
    """A backend that is timed on a board. Raises MeasureError where it runs on none, or the board cannot be reached."""
    if backend.name not in _DRIVERS:
        raise MeasureError(
            f"--on {target}: {backend.name} runs on this machine only; on boards run {', '.join(_DRIVERS)}"
        )
    driver, board = _DRIVERS[backend.name], transport(target)

    def conditions(threads: int) -> Conditions:
        return _with_one_retry(partial(driver.conditions, board, backend.name, threads))

    def visit(model: Path, threads: int, protocol: Protocol) -> Run:
        return _with_one_retry(partial(driver.visit, board, backend.name, model, threads, protocol))

    return backend._replace(conditions=conditions, visit=visit)


def _with_one_retry(ask: Callable[[], _Answer]) -> _Answer:
    """The answer, over a second connection where the first one broke."""
    try:
        return ask()
    except ConnectionLostError:
        return ask()
