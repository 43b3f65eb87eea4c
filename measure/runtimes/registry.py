"""The names of all backends, and the backend of a name."""

from __future__ import annotations

from importlib import import_module

from stairline.measure.timing.errors import MeasureError

from .backend import Backend

LIBRARIES = ("tflite", "tflite-builtin", "onnxruntime", "openvino")
"""Backends that run on this machine's processor."""

ACCELERATORS = tuple(
    f"vela-ethos-{one}"
    for one in (
        *("u55-32", "u55-64", "u55-128", "u55-256", "u65-256", "u65-512"),
        *("u85-128", "u85-256", "u85-512", "u85-1024", "u85-2048"),
    )
)
"""Backends whose time Arm's compiler estimates."""

BOARD_ONLY = ("benchmark_model", "snpe-cpu", "snpe-gpu", "snpe-dsp", "nncase-k210")
"""Backends that exist on boards only."""

_MODULES = {
    **dict.fromkeys(("tflite", "tflite-builtin"), "tflite"),
    **{name: name for name in ("onnxruntime", "openvino", "edgetpu", "rknn")},
    **dict.fromkeys(BOARD_ONLY, "board_only"),
    **dict.fromkeys(ACCELERATORS, "vela"),
}
NAMES = tuple(_MODULES)


def backend(name: str) -> Backend:
    """The backend of that name. Raises MeasureError for an unknown name."""
    if name not in _MODULES:
        raise MeasureError(f"backend '{name}': there is none of that name; choose one of {', '.join(NAMES)}")
    found: Backend = import_module(f".{_MODULES[name]}", __package__).backend(name)
    return found
