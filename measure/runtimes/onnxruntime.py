"""onnxruntime on its CPU execution provider."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stairline.measure.models.cache import cached
from stairline.measure.models.files import onnx_file
from stairline.measure.timing.library import PROFILED_RUNS, Infer, Library, OperatorTimes, random_input
from stairline.measure.tool_output.onnxruntime_profile import operator_times

from .backend import Backend, import_runtime, library_backend

_PROVIDER = "CPUExecutionProvider"
_NUMPY_NAMES = {"float": "float32", "double": "float64"}


def _version() -> str:
    return str(import_runtime("onnxruntime", "onnxruntime").__version__)


def load(model: Path, threads: int) -> Infer:
    """One inference of a session; operators run one after the other."""
    session, feeds = _session(model, threads, None)
    return lambda: session.run(None, feeds)


def profile(model: Path, threads: int) -> OperatorTimes:
    """Median times of the nodes that the runtime executes, after its rewrites, from its own profile."""
    with TemporaryDirectory() as directory:
        session, feeds = _session(model, threads, Path(directory) / "profile")
        for _ in range(1 + PROFILED_RUNS):
            session.run(None, feeds)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return operator_times(events, PROFILED_RUNS)


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


def backend(name: str) -> Backend:
    """The runtime with one operator after the other."""
    library = Library("onnxruntime", _PROVIDER, _version, load, profile)
    return library_backend(name, library, (".onnx",), ("float32", "int8"), cached(onnx_file, ".onnx"))
