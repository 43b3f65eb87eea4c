"""Putting files on a board so that each is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from .transports.transport import CommandError, Transport, TransportError

_QUERY_S = 60.0


def put(board: Transport, local: Path, name: str) -> str:
    """Put a file on the board, whole or not at all, and give its path there. Raises TransportError."""
    part = board.push(local, f"{name}.part")
    path = part.removesuffix(".part")
    board.run(["mv", part, path], _QUERY_S)
    return path


@contextmanager
def pushed(board: Transport, model: Path) -> Iterator[str]:
    """The path on the board of a model's file, which is put there and removed again where the board still answers.

    No two files have the same name, so that two sessions at one board never time each other's model.
    """
    path = put(board, model, f"model-{uuid4().hex[:12]}{model.suffix}")
    try:
        yield path
    finally:
        with suppress(CommandError, TransportError):  # An error from before is the one to report.
            board.run(["rm", "-f", path], _QUERY_S)
