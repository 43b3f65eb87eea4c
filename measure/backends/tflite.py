"""LiteRT's interpreter with XNNPACK, which it applies by itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import Backend, import_runtime, random_input

PACKAGE = "ai-edge-litert"
DTYPES = ("float32", "float16", "dynamic", "int8")


def litert_version() -> str:
    """Version of the installed LiteRT."""
    import_runtime("ai_edge_litert.interpreter", PACKAGE)
    return version(PACKAGE)


def load(model: Path, threads: int, resolver: str = "AUTO") -> Callable[[], object]:
    """One inference of the interpreter whose operators the resolver of that name finds."""
    litert: Any = import_runtime("ai_edge_litert.interpreter", PACKAGE)
    interpreter = litert.Interpreter(
        model_path=str(model),
        num_threads=threads,
        experimental_op_resolver_type=litert.OpResolverType[resolver],
    )
    interpreter.allocate_tensors()
    for declared in interpreter.get_input_details():
        shape = tuple(int(size) for size in declared["shape_signature"])
        interpreter.set_tensor(declared["index"], random_input(declared["name"], shape, declared["dtype"]))

    def infer() -> None:
        interpreter.invoke()

    return infer


BACKEND = Backend("tflite", "LiteRT", "XNNPACK", (".tflite",), DTYPES, litert_version, load)
