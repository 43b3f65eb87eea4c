"""LiteRT with the delegate of Google's Edge TPU: a Coral accelerator in this machine or on its USB port."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from simulator.graph import Graph

from ..build_common import BuildError
from ..record import MeasureError
from . import Backend, import_runtime, tflite
from .library import Infer, Library, library_backend

_LIBRARY = "libedgetpu.so.1"
_COMPILER = "edgetpu_compiler"
_PATIENCE_S = 600.0


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
    if shutil.which(_COMPILER) is None:
        raise BuildError(f"{_COMPILER} is not installed: install Coral's package edgetpu-compiler (x86-64 Linux)")
    plain = tflite.build(graph, dtype, directory)
    command = [_COMPILER, "--show_operations", "--out_dir", str(directory), str(plain)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    compiled = plain.with_name(f"{plain.stem}_edgetpu.tflite")
    if done.returncode != 0 or not compiled.is_file():
        words = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise BuildError(f"{_COMPILER} refuses it: {words[-1] if words else 'no word'}")
    return compiled.replace(plain)


def backend(name: str) -> Backend:
    """The Edge TPU by its delegate."""
    used = Library("LiteRT", "Edge TPU", _version, load)
    return library_backend(name, used, tflite.FORMATS, ("int8",), build)
