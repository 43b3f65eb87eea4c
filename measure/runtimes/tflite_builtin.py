"""LiteRT's own kernels, no delegate: the ruy and depthwise code that the paper measured."""

from __future__ import annotations

from functools import partial

from . import Backend
from .library import Library, library_backend
from .tflite import DTYPES, FORMATS, build, litert_version, load


def backend(name: str) -> Backend:
    """The interpreter without its default delegates."""
    without = partial(load, resolver="BUILTIN_WITHOUT_DEFAULT_DELEGATES")
    return library_backend(name, Library("LiteRT", "none", litert_version, without), FORMATS, DTYPES, build)
