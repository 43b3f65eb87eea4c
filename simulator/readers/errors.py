"""The one error every reader raises."""

from __future__ import annotations

from pathlib import Path


class ReadError(ValueError):
    """A model that cannot be read: one line, "file: place: value: what to do"."""

    def within(self, path: Path) -> ReadError:
        """The same error with the file named in front."""
        return ReadError(f"{path}: {self}")
