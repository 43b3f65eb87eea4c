"""LiteRT on this machine's processor, with XNNPACK, which it applies by itself, or with its own kernels alone."""

from __future__ import annotations

from stairline.measure.models.cache import cached
from stairline.measure.models.files import tflite_file
from stairline.measure.timing.litert import LIBRARIES

from .backend import Backend, library_backend

FORMATS = (".tflite",)
DTYPES = ("float32", "float16", "dynamic", "int8")
build = cached(tflite_file, ".tflite")


def backend(name: str) -> Backend:
    """The way of running LiteRT that has that name."""
    return library_backend(name, LIBRARIES[name], FORMATS, DTYPES, build)
