"""The precision that a network is predicted at: the file's own, or the nearest that the platform has."""

from __future__ import annotations

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph

_NEAREST = {
    "float64": ("float32", "float16"),
    "float32": ("float16",),
    "float16": ("float32", "dfp16"),
    "bfloat16": ("float16", "float32"),
    "int16": ("dfp16", "int8", "uint8", "dfp8"),
    "int8": ("uint8", "dfp8"),
    "uint8": ("int8", "dfp8"),
}
"""Precisions that stand in for another one, the nearest first; behind them comes a platform's default."""


def precision(graph: Graph, platform: Platform, asked: str | None = None) -> str:
    """The precision at which ``graph`` is predicted on ``platform``.

    It is the one ``asked`` for, whether or not the platform has it; else that of the model file, or the nearest one of
    the platform, which is its default where none is near. A network that was not read from a model file has no
    precision of its own, and is predicted at the platform's default.
    """
    if asked is not None:
        return asked
    own = graph.file_dtype
    candidates = (own, *_NEAREST.get(own, ()))
    return next((dtype for dtype in candidates if dtype in platform.dtypes), platform.dtypes[0])


def difference(dtype: str, file_dtype: str, platform: Platform) -> str:
    """What to say where a model file's precision is not the one predicted; empty where it is, or where it has none."""
    if file_dtype in ("", dtype):
        return ""
    if file_dtype in platform.dtypes:
        return f"the file is {file_dtype}, predicted as {dtype} because that was asked for"
    return f"the file is {file_dtype}, which the platform lacks (it has {', '.join(platform.dtypes)}): taken as {dtype}"
