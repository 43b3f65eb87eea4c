"""Where a network comes from, as the ``source`` of its graph says it."""

from __future__ import annotations

LAYER_TABLE_SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""Suffixes of layer tables, each of which describes many networks."""

ZOO = "zoo:"
"""What the source of a built-in network begins with."""

SPACE = "space:"
"""What the source of a network of a search space begins with."""

MEMORY = "memory:"
"""What the source of a model that a program holds begins with: its precision is its own, as that of a file is."""


def is_layer_table(path: object) -> bool:
    """Whether the path ends in one of ``LAYER_TABLE_SUFFIXES``, in any case."""
    return str(path).lower().endswith(LAYER_TABLE_SUFFIXES)


def is_model_file(source: str) -> bool:
    """Whether a source is a model file, or a model in memory, which has a precision of its own.

    Built-in networks, layer tables and graphs that a program builds (their source is empty) have none.
    """
    return bool(source) and not source.startswith((ZOO, SPACE)) and not is_layer_table(source)
