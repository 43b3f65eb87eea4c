"""onnxruntime on its CPU execution provider."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from stairline.measure.timing.record import Counter
from stairline.simulator.graph.graph import Graph

from . import Backend, import_runtime
from .library import PROFILED_RUNS, Counters, Infer, Library, library_backend, random_input

_PROVIDER = "CPUExecutionProvider"
_NUMPY_NAMES = {"float": "float32", "double": "float64"}
_KERNEL_TIME = "_kernel_time"


def _version() -> str:
    return str(import_runtime("onnxruntime", "onnxruntime").__version__)


def load(model: Path, threads: int) -> Infer:
    """One inference of a session; operators run one after the other."""
    session, feeds = _session(model, threads, None)
    return lambda: session.run(None, feeds)


def profile(model: Path, threads: int) -> Counters:
    """The runtime's own profile of each node that it executes, after its rewrites."""
    with TemporaryDirectory() as directory:
        session, feeds = _session(model, threads, Path(directory) / "profile")
        for _ in range(1 + PROFILED_RUNS):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return counters(events, PROFILED_RUNS)


def counters(events: Iterable[dict[str, Any]], runs: int) -> Counters:
    """Median times of the nodes in a profile's events over the last ``runs`` times that each ran, in running order."""
    times_us: dict[tuple[str, str], list[float]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_KERNEL_TIME):
            key = event["name"].removesuffix(_KERNEL_TIME), event["args"]["op_name"]
            times_us.setdefault(key, []).append(event["dur"])
    return tuple(Counter(name, op, 1e-6 * median(times[-runs:]), _PROVIDER) for (name, op), times in times_us.items())


def _session(model: Path, threads: int, profile_prefix: Path | None) -> tuple[Any, dict[str, Any]]:
    runtime: Any = import_runtime("onnxruntime", "onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    if profile_prefix:
        options.enable_profiling, options.profile_file_prefix = True, str(profile_prefix)
    session = runtime.InferenceSession(str(model), options, providers=[_PROVIDER])
    return session, {declared.name: _value(declared) for declared in session.get_inputs()}


def _value(declared: Any) -> Any:
    element = declared.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) else -1 for size in declared.shape)
    return random_input(declared.name, shape, _NUMPY_NAMES.get(element, element))


def build(graph: Graph, dtype: str, directory: Path) -> Path:
    """A .onnx file; int8 is quantised after training, with quantise and dequantise nodes."""
    from stairline.measure.models.onnx.model import onnx_model
    from stairline.measure.models.quantize import quantized_onnx

    path = directory / "model.onnx"
    path.write_bytes(onnx_model(graph).SerializeToString())
    return quantized_onnx(graph, path) if dtype == "int8" else path


def backend(name: str) -> Backend:
    """The runtime with one operator after the other."""
    used = Library("onnxruntime", _PROVIDER, _version, load, profile)
    return library_backend(name, used, (".onnx",), ("float32", "int8"), build)
