"""The precision that a network is predicted at: the file's own, or the nearest that the platform has."""

from __future__ import annotations

from stairline.hwmodels import Platform, PlatformError
from stairline.hwmodels.schema import PRECISION_NAMES
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

    It is the one ``asked`` for; else that of the model file, or the nearest one of the platform, which is its default
    where none is near. A network that was not read from a model file has no precision of its own, and is predicted at
    the platform's default. Raises PlatformError, which names the nearest, where the platform lacks the one asked for.
    """
    if asked is None:
        return _nearest(graph.file_dtype, platform)
    named = PRECISION_NAMES.get(asked.lower(), asked)
    if named not in platform.dtypes:
        has = ", ".join(platform.dtypes)
        nearest = _nearest(named, platform)
        raise PlatformError(f"{platform.name}: no precision '{asked}'; it has {has}: ask for {nearest}, the nearest")
    return named


def _nearest(dtype: str, platform: Platform) -> str:
    candidates = (dtype, *_NEAREST.get(dtype, ()))
    return next((found for found in candidates if found in platform.dtypes), platform.dtypes[0])


def difference(dtype: str, file_dtype: str, platform: Platform) -> str:
    """What to say where a model file's precision is not the one predicted; empty where it is, or where it has none."""
    if file_dtype in ("", dtype):
        return ""
    if file_dtype in platform.dtypes:
        return f"the file is {file_dtype}, predicted as {dtype} because that was asked for"
    return f"the file is {file_dtype}, which the platform lacks (it has {', '.join(platform.dtypes)}): taken as {dtype}"
