"""Rockchip's RKNN Toolkit: it converts a model, loads it into a connected NPU, and prints its performance.

The toolkit wants versions of Python and TensorFlow of its own, so it runs in a Python of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stairline.measure.models.common import BuildError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run
from stairline.measure.tool_output.vendor_tools import rknn_performance

from . import Backend, tflite

if TYPE_CHECKING:
    from stairline.simulator.graph.graph import Graph

PYTHON_VARIABLE = "STAIRLINE_RKNN_PYTHON"
"""Environment variable of a Python that has the toolkit."""
TARGET_VARIABLE = "STAIRLINE_RKNN_TARGET"
"""Environment variable of the NPU, as the toolkit names it."""

_PATIENCE_S = 900.0
_QUANTIZED = {"float16": None, "uint8": "asymmetric_quantized-u8", "dfp8": "dynamic_fixed_point-8"}
_SCRIPT = """
import json, sys
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
    """What the toolkit prints. Raises MeasureError with its words, or saying what to install."""
    python = os.environ.get(PYTHON_VARIABLE, "python3")
    if shutil.which(python) is None:
        raise MeasureError(f"{python}: no such Python; set {PYTHON_VARIABLE} to one that has rknn-toolkit")
    command = [python, "-c", _SCRIPT, json.dumps(request)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise MeasureError(f"RKNN Toolkit took more than {_PATIENCE_S:g} s and was ended") from None
    if "No module named 'rknn'" in done.stderr:
        raise MeasureError(f"rknn-toolkit is not installed in {python}: install it, or set {PYTHON_VARIABLE}")
    if done.returncode != 0:
        words = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise MeasureError(f"RKNN Toolkit: {words[-1] if words else 'no word'}")
    return done.stdout


def build(graph: Graph, dtype: str, directory: Path) -> Path:
    """A .rknn file, quantised on a seeded image as the dtype says."""
    from .vendor_builds import array_inputs

    result = directory / "model.rknn"
    request = {
        "duty": "build",
        "plain": str(tflite.build(graph, "float32", directory)),
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
        if threads != 1:
            raise MeasureError(f"--threads {threads}: an NPU has no threads; leave it out")
        version = _asked({"duty": "toolkit"})
        return Conditions(target, "", (), None, None, (), 1, "RKNN Toolkit", version.strip(), "NPU")

    def visit(model: Path, _threads: int, protocol: Protocol) -> Run:
        request = {"duty": "measure", "model": str(model), "target": target, "counters": protocol.counters}
        return rknn_performance(_asked(request))

    return Backend(name, (".rknn",), tuple(_QUANTIZED), conditions, build, visit)
