"""LiteRT with the delegate of Google's Edge TPU: a Coral accelerator in this machine or on its USB port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.measure.timing.record import MeasureError
from stairline.simulator.graph.graph import Graph

from . import Backend, import_runtime, tflite
from .library import Infer, Library, library_backend
from .vendor_builds import converted

_LIBRARY = "libedgetpu.so.1"
_COMPILER = "edgetpu_compiler"


def _delegate() -> Any:
    litert: Any = import_runtime("ai_edge_litert.interpreter", tflite.PACKAGE)
    try:
        return litert.load_delegate(_LIBRARY)
    except (OSError, ValueError) as error:
        raise MeasureError(
            f"no Edge TPU: {_LIBRARY} does not load ({error or 'no device answers'}): "
            "install Coral's package libedgetpu1-std and plug the device in"
        ) from None


def _version() -> str:
    _delegate()
    return tflite.litert_version()


def load(model: Path, threads: int) -> Infer:
    """One inference; what the compiler left to the host runs on LiteRT's kernels."""
    return tflite.load(model, threads, "BUILTIN_WITHOUT_DEFAULT_DELEGATES", (_delegate(),))


def build(graph: Graph, dtype: str, directory: Path) -> Path:
    """An int8 .tflite file, compiled for the Edge TPU by Google's compiler."""
    plain = tflite.build(graph, dtype, directory)
    compiled = plain.with_name(f"{plain.stem}_edgetpu.tflite")
    command = [_COMPILER, "--show_operations", "--out_dir", str(directory), str(plain)]
    return converted(command, compiled, "install Coral's package edgetpu-compiler (x86-64 Linux)").replace(plain)


def backend(name: str) -> Backend:
    """The Edge TPU by its delegate."""
    used = Library("LiteRT", "Edge TPU", _version, load)
    return library_backend(name, used, tflite.FORMATS, ("int8",), build)
