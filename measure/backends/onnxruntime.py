"""onnxruntime on its CPU execution provider."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import Backend, import_runtime, random_input

_PROVIDER = "CPUExecutionProvider"
_NUMPY_NAMES = {"float": "float32", "double": "float64"}


def _version() -> str:
    return str(import_runtime("onnxruntime", "onnxruntime").__version__)


def load(model: Path, threads: int) -> Callable[[], object]:
    """One inference of a session; operators run one after the other."""
    runtime: Any = import_runtime("onnxruntime", "onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = runtime.InferenceSession(str(model), options, providers=[_PROVIDER])
    feeds = {declared.name: _value(declared) for declared in session.get_inputs()}
    return lambda: session.run(None, feeds)


def _value(declared: Any) -> Any:
    element = declared.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) else -1 for size in declared.shape)
    return random_input(declared.name, shape, _NUMPY_NAMES.get(element, element))


BACKEND = Backend("onnxruntime", "onnxruntime", _PROVIDER, (".onnx",), ("float32",), _version, load)
