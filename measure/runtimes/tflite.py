"""LiteRT's interpreter with XNNPACK, which it applies by itself."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stairline.measure.timing.record import MeasureError

from . import Backend
from .library import Infer, Library, library_backend, random_input

if TYPE_CHECKING:  # A board has no simulator.
    from stairline.simulator.graph.graph import Graph

PACKAGE = "ai-edge-litert"
_RUNTIMES = {
    "ai_edge_litert.interpreter": PACKAGE,
    "tflite_runtime.interpreter": "tflite-runtime",
}
"""Modules with the interpreter, under its names over the years: boards have what they have."""
FORMATS = (".tflite",)
DTYPES = ("float32", "float16", "dynamic", "int8")


def interpreter_module() -> tuple[Any, str]:
    """The interpreter's module and the package that it is from. Raises MeasureError where there is none."""
    for name, package in _RUNTIMES.items():
        try:
            return import_module(name), package
        except ImportError:
            continue
    raise MeasureError(f"{PACKAGE} is not installed: pip install 'stairline[measure]', on a board {PACKAGE}")


def litert_version() -> str:
    """Package and version of the installed interpreter where it is not LiteRT's own, else its version."""
    _, package = interpreter_module()
    return version(package) if package == PACKAGE else f"{package} {version(package)}"


def load(model: Path, threads: int, resolver: str = "AUTO", delegates: tuple[Any, ...] = ()) -> Infer:
    """One inference of the interpreter whose operators the resolver of that name finds."""
    litert, _ = interpreter_module()
    interpreter = litert.Interpreter(
        model_path=str(model),
        num_threads=threads,
        experimental_op_resolver_type=litert.OpResolverType[resolver],
        experimental_delegates=list(delegates),
    )
    interpreter.allocate_tensors()
    for declared in interpreter.get_input_details():
        shape = tuple(int(size) for size in declared["shape_signature"])
        interpreter.set_tensor(declared["index"], random_input(declared["name"], shape, declared["dtype"]))

    def infer() -> None:
        interpreter.invoke()

    return infer


def build(graph: Graph, dtype: str, directory: Path) -> Path:
    """A .tflite file."""
    from stairline.measure.models.build import tflite_bytes

    path = directory / "model.tflite"
    path.write_bytes(tflite_bytes(graph, dtype))
    return path


def backend(name: str) -> Backend:
    """LiteRT as it runs by default."""
    return library_backend(name, Library("LiteRT", "XNNPACK", litert_version, load), FORMATS, DTYPES, build)
