"""OpenVINO's CPU plugin, tuned for latency."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import Backend, import_runtime, random_input


def _version() -> str:
    return str(import_runtime("openvino", "openvino").get_version())


def load(model: Path, threads: int) -> Callable[[], object]:
    """One inference request, synchronous, its input in place.

    The precision is forced: left to itself the plugin computes a float32 model in bfloat16 where the processor can.
    """
    openvino: Any = import_runtime("openvino", "openvino")
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # The process is kept on its cores already.
    }
    request = openvino.Core().compile_model(str(model), "CPU", settings).create_infer_request()
    for port in request.model_inputs:
        shape = port.get_partial_shape()
        sizes = tuple(-1 if size.is_dynamic else size.get_length() for size in shape)
        value = random_input(port.get_any_name(), sizes, port.get_element_type().to_dtype())
        request.set_tensor(port, openvino.Tensor(value))

    def infer() -> None:
        request.infer()

    return infer


BACKEND = Backend("openvino", "OpenVINO", "CPU", (".onnx", ".tflite"), ("float32",), _version, load)
