"""The one error that every reader raises for a file it cannot accept."""

from __future__ import annotations


class ReadError(ValueError):
    """A file that is no network: one line with the file, the place in it, the value and what to do next."""
