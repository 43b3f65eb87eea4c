"""Files on a board, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from .transports import CommandError, Transport, TransportError

_QUERY_S = 60.0


def put(board: Transport, local: Path, name: str) -> str:
    """A file on the board, by its path there, whole or not at all."""
    part = board.push(local, f"{name}.part")
    path = part.removesuffix(".part")
    board.run(["mv", part, path], _QUERY_S)
    return path


@contextmanager
def pushed(board: Transport, model: Path) -> Iterator[str]:
    """A model's file on the board, by its path there, which is taken away again where the board still answers.

    Its name is its own, so that two sessions at one board never time each other's model.
    """
    path = put(board, model, f"model-{uuid4().hex[:12]}{model.suffix}")
    try:
        yield path
    finally:
        with suppress(CommandError, TransportError):  # What went wrong before is the reason that is told.
            board.run(["rm", "-f", path], _QUERY_S)
