"""The error that every reader raises."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 600


class ReadError(ValueError):
    """A model that cannot be read: one line, "file: place: value: what to do".

    A file may hold names of any length and with any characters: a character that does not print is shown as U+FFFD and
    a long message is cut, so that a message is one line and sends no control codes to a terminal.
    """

    def __init__(self, message: str) -> None:
        shown = message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
        super().__init__("".join(c if c.isprintable() else "\ufffd" for c in shown))

    def within(self, path: Path) -> ReadError:
        """The error with the path of the file in front of its message."""
        return ReadError(f"{path}: {self}")
