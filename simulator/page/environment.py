"""How pages are made: templates that share one style, with every text of a file escaped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stairline.hwmodels.reports.text import Cell, Value
from stairline.simulator.readers.errors import ReadError

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(package: str) -> Environment:
    """The templates of a package, and those that all pages share: ``base.html`` and ``tables.html``."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("stairline.simulator.page")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.globals.update(text=_text, style=_style)
    return made


def verify(path: Path, suffix: str) -> None:
    """Raises ReadError where a file of that suffix cannot be written, before anything long is begun."""
    if path.suffix != suffix:
        raise ReadError(f"{path}: ends in '{path.suffix}'; give a name that ends in {suffix}")
    if path.is_dir() or not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ReadError(f"{path}: cannot be written; name a file in a directory that can")


def _text(value: Value) -> str:
    return value.text if isinstance(value, Cell) else value


def _style(value: Value) -> str:
    return value.style if isinstance(value, Cell) else ""
