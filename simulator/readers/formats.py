"""Input shapes as a user gives them for a model file, and the suffixes by which layer tables are recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Shapes = Mapping[str, Sequence[int]] | Sequence[int] | None
"""Input shapes that replace the file's, by the input's name; the dimensions alone where there is one input."""

LAYER_TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet")


def is_layer_table(path: str | Path) -> bool:
    """Whether the path ends in one of ``LAYER_TABLE_SUFFIXES``, in any case."""
    return str(path).lower().endswith(LAYER_TABLE_SUFFIXES)
