"""The one error every reader raises."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 600


class ReadError(ValueError):
    """A model that cannot be read: one line, "file: place: value: what to do".

    Files hold names of any length with any characters in them: what does not print is shown as U+FFFD, so that a
    message is one line and sends nothing to a terminal.
    """

    def __init__(self, message: str) -> None:
        shown = message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
        super().__init__("".join(c if c.isprintable() else "\ufffd" for c in shown))

    def within(self, path: Path) -> ReadError:
        """The same error with the file named in front."""
        return ReadError(f"{path}: {self}")
