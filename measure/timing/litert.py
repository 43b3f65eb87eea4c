"""LiteRT's interpreter, with XNNPACK as it runs by default and without any delegate."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .errors import MeasureError
from .library import Infer, Library, random_input

PACKAGE = "ai-edge-litert"
WITHOUT_DELEGATES = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
"""The operator resolver of LiteRT's own kernels, the ruy and depthwise code that the paper measured."""

_RUNTIMES = {
    "ai_edge_litert.interpreter": PACKAGE,
    "tflite_runtime.interpreter": "tflite-runtime",
}
"""Packages by the module of theirs that holds the interpreter: its name changed over the years, and boards have any."""


def interpreter_module() -> tuple[Any, str]:
    """The interpreter's module and the package that it is from. Raises MeasureError where there is none."""
    for name, package in _RUNTIMES.items():
        try:
            return import_module(name), package
        except ImportError:
            continue
    raise MeasureError(f"{PACKAGE} is not installed: pip install 'stairline[measure]', on a board {PACKAGE}")


def litert_version() -> str:
    """The version of the installed interpreter, after its package's name where that is not LiteRT's own."""
    _, package = interpreter_module()
    return version(package) if package == PACKAGE else f"{package} {version(package)}"


def load(model: Path, threads: int, resolver: str = "AUTO", delegates: tuple[Any, ...] = ()) -> Infer:
    """One inference of a .tflite file, by the interpreter with the operator resolver of that name."""
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


LIBRARIES = {
    "tflite": Library("LiteRT", "XNNPACK", litert_version, load),
    "tflite-builtin": Library("LiteRT", "none", litert_version, partial(load, resolver=WITHOUT_DELEGATES)),
}
"""The ways of running LiteRT on a processor, by the name of the backend."""
