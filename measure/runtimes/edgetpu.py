"""LiteRT with the delegate of Google's Edge TPU: a Coral accelerator in this machine or on its USB port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.measure.models.vendors import edgetpu_file
from stairline.measure.timing import litert
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.library import Infer, Library

from .backend import Backend, import_runtime, library_backend
from .tflite import FORMATS

_DELEGATE = "libedgetpu.so.1"


def _delegate() -> Any:
    interpreter: Any = import_runtime("ai_edge_litert.interpreter", litert.PACKAGE)
    try:
        return interpreter.load_delegate(_DELEGATE)
    except (OSError, ValueError) as error:
        raise MeasureError(
            f"no Edge TPU: {_DELEGATE} does not load ({error or 'no device answers'}): "
            "install Coral's package libedgetpu1-std and plug the device in"
        ) from None


def _version() -> str:
    _delegate()
    return litert.litert_version()


def load(model: Path, threads: int) -> Infer:
    """One inference; operators that the compiler left to the host run on LiteRT's kernels."""
    return litert.load(model, threads, litert.WITHOUT_DELEGATES, (_delegate(),))


def backend(name: str) -> Backend:
    """The Edge TPU by its delegate."""
    return library_backend(name, Library("LiteRT", "Edge TPU", _version, load), FORMATS, ("int8",), edgetpu_file)
