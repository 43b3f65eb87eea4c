"""Measuring on a board: what runs there, and how a backend of this machine is taken there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from stairline.measure.runtimes import Backend
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run

from . import benchmark_model, runner, snpe
from .transports import ConnectionLostError, Transport, transport

_Answer = TypeVar("_Answer")

_Conditions = Callable[[Transport, str, int], Conditions]
_Visit = Callable[[Transport, str, Path, int, Protocol], Run]

_WAYS: dict[str, tuple[_Conditions, _Visit]] = {
    **dict.fromkeys(runner.BACKENDS, (runner.conditions, runner.visit)),
    benchmark_model.NAME: (benchmark_model.conditions, benchmark_model.visit),
    **dict.fromkeys(snpe.PROCESSORS, (snpe.conditions, snpe.visit)),
}
"""How the backends that can be taken to a board are asked there."""


def on_board(found: Backend, target: str) -> Backend:
    """The same backend on a board. Raises MeasureError for one that cannot be taken there, or a board that is away."""
    if found.name not in _WAYS:
        raise MeasureError(f"--on {target}: {found.name} runs on this machine only; on boards run {', '.join(_WAYS)}")
    ask_conditions, ask_visit = _WAYS[found.name]
    board = transport(target)

    def conditions(threads: int) -> Conditions:
        return _again(partial(ask_conditions, board, found.name, threads))

    def visit(model: Path, threads: int, protocol: Protocol) -> Run:
        return _again(partial(ask_visit, board, found.name, model, threads, protocol))

    return found._replace(conditions=conditions, visit=visit)


def _again(ask: Callable[[], _Answer]) -> _Answer:
    """The answer, by a second connection where the first one broke."""
    try:
        return ask()
    except ConnectionLostError:
        return ask()
