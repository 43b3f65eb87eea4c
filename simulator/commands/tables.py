"""Where a verb writes a table as CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


@contextmanager
def csv_target(path: str) -> Iterator[TextIO]:
    """The file to write CSV to; '-' is standard output. Raises UsageError for a file that cannot be opened."""
    if path == "-":
        yield sys.stdout
        return
    try:
        file = Path(path).open("w", newline="", encoding="utf-8")  # noqa: SIM115 - a failure while writing is another
    except OSError as error:
        raise click.UsageError(f"--csv '{path}': cannot be written: {error.strerror}; name another file") from None
    with file:
        yield file
