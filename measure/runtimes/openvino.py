"""OpenVINO's CPU plugin, tuned for latency."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from stairline.measure.models.cache import cached
from stairline.measure.models.files import openvino_files
from stairline.measure.timing.library import PROFILED_RUNS, Infer, Library, OperatorTimes, random_input
from stairline.measure.timing.record import OperatorTime

from .backend import Backend, import_runtime, library_backend

_FORMATS = (".xml", ".onnx", ".tflite")
_DTYPES = ("float32", "float16", "int8")


def _version() -> str:
    return str(import_runtime("openvino", "openvino").get_version())


def load(model: Path, threads: int) -> Infer:
    """One inference request, synchronous, its input in place."""
    request = _request(model, threads, profiled=False)

    def infer() -> None:
        request.infer()

    return infer


def profile(model: Path, threads: int) -> OperatorTimes:
    """Median times of the nodes that the plugin executed; each includes the nodes that were fused into it."""
    request = _request(model, threads, profiled=True)
    request.infer()
    times_s: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(PROFILED_RUNS):
        request.infer()
        for node in request.get_profiling_info():
            if node.status.name == "EXECUTED":
                key = node.node_name, node.node_type, node.exec_type
                times_s.setdefault(key, []).append(node.real_time.total_seconds())
    return tuple(OperatorTime(name, op, median(times), kernel) for (name, op, kernel), times in times_s.items())


def _request(model: Path, threads: int, *, profiled: bool) -> Any:
    """A request with its inputs set.

    The precision is forced: left to itself the plugin computes a float32 model in bfloat16 where the processor can.
    """
    openvino: Any = import_runtime("openvino", "openvino")
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # The process is kept on its cores already.
        "PERF_COUNT": profiled,
    }
    request = openvino.Core().compile_model(str(model), "CPU", settings).create_infer_request()
    for port in request.model_inputs:
        shape = port.get_partial_shape()
        sizes = tuple(-1 if size.is_dynamic else size.get_length() for size in shape)
        value = random_input(port.get_any_name(), sizes, port.get_element_type().to_dtype())
        request.set_tensor(port, openvino.Tensor(value))
    return request


def backend(name: str) -> Backend:
    """The CPU plugin with the latency hint."""
    library = Library("OpenVINO", "CPU", _version, load, profile)
    return library_backend(name, library, _FORMATS, _DTYPES, cached(openvino_files, ".xml"))
