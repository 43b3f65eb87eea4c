"""Rockchip's RKNN Toolkit: it converts a model, loads it into a connected NPU, and prints its performance.

The toolkit wants versions of Python and TensorFlow of its own, so it runs in a Python of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from stairline.measure.models.common import BuildError
from stairline.measure.models.files import tflite_file
from stairline.measure.models.vendors import array_inputs
from stairline.measure.processes.python import foreign
from stairline.measure.processes.tool import ToolError, output_of
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run
from stairline.measure.tool_output.vendor_tools import rknn_performance
from stairline.simulator.graph.graph import Graph

from .backend import Backend, refuse_threads

PYTHON_VARIABLE = "STAIRLINE_RKNN_PYTHON"
"""Environment variable of a Python that has the toolkit."""
TARGET_VARIABLE = "STAIRLINE_RKNN_TARGET"
"""Environment variable of the NPU, as the toolkit names it."""

_PATIENCE_S = 900.0
_QUANTIZED = {"float16": None, "uint8": "asymmetric_quantized-u8", "dfp8": "dynamic_fixed_point-8"}
_SCRIPT = """
import json, site, sys
if sys.prefix == sys.base_prefix:  # Isolated as it is, Python leaves out what a user installed for himself.
    site.addsitedir(site.getusersitepackages())
from rknn.api import RKNN
request = json.loads(sys.argv[1])
rknn = RKNN()
def sure(code, what):
    if code:
        sys.exit(what + " failed with code " + str(code))
if request["duty"] == "toolkit":
    from importlib.metadata import version
    print(version("rknn-toolkit"))
elif request["duty"] == "build":
    if request["quantized"]:
        rknn.config(quantized_dtype=request["quantized"])
    sure(rknn.load_tflite(model=request["plain"]), "load_tflite")
    sure(rknn.build(do_quantization=bool(request["quantized"]), dataset=request["dataset"]), "build")
    sure(rknn.export_rknn(request["result"]), "export_rknn")
else:
    sure(rknn.load_rknn(request["model"]), "load_rknn")
    sure(rknn.init_runtime(target=request["target"], perf_debug=request["counters"]), "init_runtime")
    rknn.eval_perf(is_print=True)
rknn.release()
"""


def _asked(request: Mapping[str, object]) -> str:
    """What the toolkit prints in answer to a request. Raises MeasureError quoting it, or saying what to install."""
    python = os.environ.get(PYTHON_VARIABLE, "python3")
    command = [*foreign(python), "-c", _SCRIPT, json.dumps(request)]
    try:
        return output_of("RKNN Toolkit", command, _PATIENCE_S, f"set {PYTHON_VARIABLE} to a Python with rknn-toolkit")
    except ToolError as error:
        if "No module named 'rknn'" in str(error):
            raise MeasureError(
                f"rknn-toolkit is not installed in {python}: install it, or set {PYTHON_VARIABLE}"
            ) from None
        raise


def build(graph: Graph, dtype: str, directory: Path) -> Path:
    """Write model.rknn, quantised on a seeded image as ``dtype`` says. Raises BuildError."""
    result = directory / "model.rknn"
    request = {
        "duty": "build",
        "plain": str(tflite_file(graph, "float32", directory)),
        "quantized": _QUANTIZED[dtype],
        "dataset": str(array_inputs(graph, directory)),
        "result": str(result),
    }
    try:
        _asked(request)
    except MeasureError as error:
        raise BuildError(str(error)) from None
    return result


def backend(name: str) -> Backend:
    """An NPU that the toolkit reaches by USB or as its own host."""
    target = os.environ.get(TARGET_VARIABLE, "rk3399pro")

    def conditions(threads: int) -> Conditions:
        refuse_threads(threads, "an NPU has no threads")
        version = _asked({"duty": "toolkit"})
        return Conditions(target, "", (), None, None, (), 1, "RKNN Toolkit", version.strip(), "NPU")

    def visit(model: Path, _threads: int, protocol: Protocol) -> Run:
        request = {"duty": "measure", "model": str(model), "target": target, "counters": protocol.counters}
        return rknn_performance(_asked(request))

    return Backend(name, (".rknn",), tuple(_QUANTIZED), conditions, build, visit)
