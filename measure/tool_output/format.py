"""What the readers of other tools' output share: the form of their result, and of a format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import Run


class Imported(NamedTuple):
    """The time of one network in a file of another tool. None where the file does not state it."""

    run: Run
    net: str | None = None
    dtype: str | None = None


class OutputFormat(NamedTuple):
    """The output of one tool."""

    tool: str
    recognises: Callable[[str], bool]
    """Whether a text is in this format."""
    read: Callable[[str, Path], list[Imported]]
    """The times in a file, from its text, and from its path where files beside it matter."""


def json_content(text: str) -> Any:
    """The value of a JSON text. Raises MeasureError where it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MeasureError(f"not JSON: {error}") from None
