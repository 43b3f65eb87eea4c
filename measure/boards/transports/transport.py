"""What every transport to a board offers, and the errors that it raises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stairline.measure.processes.tool import Output, ToolMissingError, ToolTimeoutError, run_tool
from stairline.measure.timing.errors import MeasureError


class TransportError(MeasureError):
    """A board that cannot be reached, refuses, or has no room: the message says which and what to do."""


class ConnectionLostError(TransportError):
    """The connection broke while it was used: another try may hold."""


class CommandError(MeasureError):
    """A command that the board ran and that failed there; the message is the last line that it printed."""

    def __init__(self, code: int, last_line: str) -> None:
        super().__init__(last_line or f"it left with exit code {code} and printed nothing")
        self.code = code


class Transport(Protocol):
    """A board that is connected somehow."""

    @property
    def name(self) -> str:
        """The board as the user named it."""

    @property
    def directory(self) -> str:
        """A directory on the board into which files may be put."""

    def push(self, local: Path, name: str) -> str:
        """Put a file into the board's directory, and give its path there. Raises TransportError."""

    def run(self, command: Sequence[str], timeout_s: float) -> str:
        """What a command prints on the board.

        Raises CommandError where the command fails and TransportError where the board gives no answer.
        """


def run_client(name: str, command: Sequence[str], timeout_s: float, install: str) -> Output:
    """Run a local program that talks to the board ``name``. Raises TransportError where it is missing or too slow."""
    try:
        return run_tool(command, timeout_s, install)
    except ToolMissingError as error:
        raise TransportError(f"{name}: {error}") from None
    except ToolTimeoutError:
        raise ConnectionLostError(f"{name}: no answer within {timeout_s:g} s") from None
