"""The runtimes that models are measured on. A module here is imported when its backend is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ..record import MeasureError


class Backend(NamedTuple):
    """A runtime in one way of using it."""

    name: str
    runtime: str
    delegate: str
    """Who executes what the runtime hands on; "none" where it executes everything itself."""
    formats: tuple[str, ...]
    """Suffixes of the files it reads; models are built in the first."""
    dtypes: tuple[str, ...]
    """Precisions that models can be built in for it."""
    version: Callable[[], str]
    load: Callable[[Path, int], Callable[[], object]]
    """From a model file and a number of threads to a function that runs one inference on random inputs."""


_MODULES = {
    "tflite": "tflite",
    "tflite-builtin": "tflite_builtin",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
}
NAMES = tuple(_MODULES)


def backend(name: str) -> Backend:
    """The backend of that name; its runtime is imported on first use. Raises MeasureError for an unknown name."""
    if name not in _MODULES:
        raise MeasureError(f"backend '{name}': there is none of that name; choose one of {', '.join(NAMES)}")
    found: Backend = import_module(f".{_MODULES[name]}", __name__).BACKEND
    return found


def import_runtime(module: str, package: str) -> Any:
    """A runtime's module. Raises MeasureError saying how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MeasureError(f"{package} is not installed ({error}): pip install 'stairline[measure]'") from None


def random_input(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Seeded values of a numpy dtype: -1 to 1 for floats, the whole range for 8-bit integers, small ones for others."""
    import numpy as np

    if any(size < 1 for size in shape):
        raise MeasureError(f"input '{name}' leaves a dimension open: {shape}; save the model with fixed shapes")
    generator = np.random.default_rng(0)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return generator.uniform(-1, 1, shape).astype(kind)
    if kind.itemsize == 1 and kind.kind in "iu":
        limits = np.iinfo(kind)
        return generator.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    return generator.integers(0, 2, shape).astype(kind)
