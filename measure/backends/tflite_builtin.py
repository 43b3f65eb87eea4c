"""LiteRT's own kernels, no delegate: the ruy and depthwise code that the paper measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import Backend
from .tflite import DTYPES, litert_version
from .tflite import load as load_tflite


def load(model: Path, threads: int) -> Callable[[], object]:
    """One inference of the interpreter without its default delegates."""
    return load_tflite(model, threads, "BUILTIN_WITHOUT_DEFAULT_DELEGATES")


BACKEND = Backend("tflite-builtin", "LiteRT", "none", (".tflite",), DTYPES, litert_version, load)
