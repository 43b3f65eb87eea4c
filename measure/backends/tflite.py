"""LiteRT's interpreter with XNNPACK, which it applies by itself."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulator.graph import Graph

from . import Backend, import_runtime
from .library import Infer, Library, library_backend, random_input

PACKAGE = "ai-edge-litert"
FORMATS = (".tflite",)
DTYPES = ("float32", "float16", "dynamic", "int8")


def litert_version() -> str:
    """Version of the installed LiteRT."""
    import_runtime("ai_edge_litert.interpreter", PACKAGE)
    return version(PACKAGE)


def load(model: Path, threads: int, resolver: str = "AUTO", delegates: tuple[Any, ...] = ()) -> Infer:
    """One inference of the interpreter whose operators the resolver of that name finds."""
    litert: Any = import_runtime("ai_edge_litert.interpreter", PACKAGE)
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
    from ..build import tflite_bytes

    path = directory / "model.tflite"
    path.write_bytes(tflite_bytes(graph, dtype))
    return path


def backend(name: str) -> Backend:
    """LiteRT as it runs by default."""
    return library_backend(name, Library("LiteRT", "XNNPACK", litert_version, load), FORMATS, DTYPES, build)
