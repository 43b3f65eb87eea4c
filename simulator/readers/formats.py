"""What a user may say of a model file: its shapes, and by its suffix that it is a table of many networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Shapes = Mapping[str, Sequence[int]] | Sequence[int] | None
"""Input shapes that replace the file's: by input name, or the dimensions alone when there is one input."""

LAYER_TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet")


def is_layer_table(path: str | Path) -> bool:
    """Whether the suffix is one of a layer table."""
    return str(path).lower().endswith(LAYER_TABLE_SUFFIXES)
