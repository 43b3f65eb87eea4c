"""How a board is reached: files put there and commands run there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stairline.measure.timing.record import MeasureError


class TransportError(MeasureError):
    """A board that cannot be reached, refuses, or has no room: the message says which and what to do."""


class ConnectionLostError(TransportError):
    """The connection broke while it was used: another try may hold."""


class CommandError(MeasureError):
    """A command that the board ran and that failed there."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words or f"left with exit code {code} and no word")
        self.code = code


class Transport(Protocol):
    """A board that is connected somehow."""

    @property
    def name(self) -> str:
        """How the board was named by whoever wants it."""

    @property
    def directory(self) -> str:
        """A directory there in which files may be put."""

    def push(self, local: Path, name: str) -> str:
        """Put a file into the directory; gives its path there. Raises TransportError."""

    def run(self, command: Sequence[str], timeout_s: float) -> str:
        """What a command prints there. Raises CommandError where it fails, TransportError where it was not heard of."""


def transport(target: str) -> Transport:
    """From "ssh:user@host", "ssh:host:2222", "adb" or "adb:serial". Raises TransportError for anything else."""
    from .adb import Adb
    from .ssh import Ssh

    kind, _, rest = target.partition(":")
    if kind == "ssh" and rest:
        return Ssh.to(rest)
    if kind == "adb":
        return Adb.to(rest)
    raise TransportError(f"--on {target}: write ssh:user@host, ssh:user@host:port, adb or adb:serial")


def called(name: str, command: Sequence[str], timeout_s: float, tool: str) -> subprocess.CompletedProcess[str]:
    """A local command that talks to the board. Raises TransportError where it is missing or takes too long."""
    try:
        return subprocess.run(
            list(command), capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        raise TransportError(f"{name}: {command[0]} is not installed: {tool}") from None
    except subprocess.TimeoutExpired:
        raise ConnectionLostError(f"{name}: no answer within {timeout_s:g} s") from None


def last_words(*texts: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
