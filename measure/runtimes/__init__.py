"""What models are measured on. A module here is imported when its backend is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run

if TYPE_CHECKING:  # A board has no simulator.
    from stairline.simulator.graph.graph import Graph


class Backend(NamedTuple):
    """A runtime in one way of using it."""

    name: str
    formats: tuple[str, ...]
    """Suffixes of the files it reads."""
    dtypes: tuple[str, ...]
    """Precisions that models can be built in for it."""
    conditions: Callable[[int], Conditions]
    """Those of any model here and now with that many threads; the calling process is kept on its cores."""
    build: Callable[[Graph, str, Path], Path]
    """Write a graph at a precision into a directory; gives the model's file."""
    visit: Callable[[Path, int, Protocol], Run]
    """Time a model's file with that many threads."""


LIBRARIES = ("tflite", "tflite-builtin", "onnxruntime", "openvino")
"""Runtimes that run on this machine's processor."""

ACCELERATORS = tuple(
    f"vela-ethos-{one}"
    for one in (
        *("u55-32", "u55-64", "u55-128", "u55-256", "u65-256", "u65-512"),
        *("u85-128", "u85-256", "u85-512", "u85-1024", "u85-2048"),
    )
)
"""Processors that Arm's compiler gives a time for."""

AWAY = ("benchmark_model", "snpe-cpu", "snpe-gpu", "snpe-dsp", "nncase-k210")
"""Runtimes that are on boards."""

NAMES = (*LIBRARIES, "edgetpu", "rknn", *AWAY, *ACCELERATORS)


def backend(name: str) -> Backend:
    """The backend of that name. Raises MeasureError for an unknown name."""
    if name not in NAMES:
        raise MeasureError(f"backend '{name}': there is none of that name; choose one of {', '.join(NAMES)}")
    module = "vela" if name in ACCELERATORS else "away" if name in AWAY else name.replace("-", "_")
    found: Backend = import_module(f".{module}", __name__).backend(name)
    return found


def import_runtime(module: str, package: str) -> Any:
    """A runtime's module. Raises MeasureError saying how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MeasureError(f"{package} is not installed ({error}): pip install 'stairline[measure]'") from None
