"""Operators that a file spells out, against the nodes that onnxruntime executes of the very file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stairline.hwmodels import load
from stairline.simulator.graph.changes import changed, with_batch
from stairline.simulator.pricing.predict import predict
from stairline.simulator.readers.dispatch import read

SHAPE = (1, 16, 8, 8)
SPELLED = {
    "hard swish": ("a = Add x three", "c = Clip a zero six", "m = Mul x c", "y = Div m six"),
    "hard sigmoid as an operator": ("h = HardSigmoid x", "y = Mul h x"),
    "PReLU": ("r = Relu x", "n = Neg x", "q = Relu n", "m = Mul q slopes", "y = Sub r m"),
    "softplus": ("e = Exp x", "a = Add e one", "y = Log a"),
    "GELU": ("d = Div x root", "e = Erf d", "a = Add e one", "m = Mul x a", "y = Mul m half"),
    "swish": ("g = Sigmoid x", "y = Mul x g"),
}
STORED = {
    "zero": 0.0,
    "half": 0.5,
    "one": 1.0,
    "three": 3.0,
    "six": 6.0,
    "root": 2**0.5,
    "slopes": np.linspace(0.1, 0.5, 16).reshape(16, 1, 1),
}
NAMED = {"Clip": "relu6", "Gelu": "gelu", "QuickGelu": "swish", "HardSigmoid": "hard_sigmoid"}
"""Our names of onnxruntime's operators, where they are others than its own in small letters."""
COUNTED = ("add", "sub", "mul", "div", "neg", "relu", "relu6", "exp", "log", "erf", "sigmoid", "gelu", "swish")


def written(lines: tuple[str, ...], path: Path) -> Path:
    """A file of a softmax, which no other operator fuses with, and lines such as "y = Add x one" behind it."""
    nodes = [helper.make_node("Softmax", ["input"], ["x"], axis=3)]
    for line in lines:
        output, _, op, *inputs = line.split()
        nodes.append(helper.make_node(op, inputs, [output], name=output))
    used = {name for node in nodes for name in node.input}
    stored = [numpy_helper.from_array(np.asarray(v, np.float32), name) for name, v in STORED.items() if name in used]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("input", "y")]
    graph = helper.make_graph(nodes, "spelled", ends[:1], ends[1:], stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def executed(path: Path) -> Counter[str]:
    """How many nodes of each counted operator onnxruntime executes, by its profile."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(path.with_suffix(""))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, {"input": np.ones(SHAPE, np.float32)})
    events = json.loads(Path(session.end_profiling()).read_text())
    ops = [event["args"]["op_name"] for event in events if event["name"].endswith("_kernel_time")]
    named = (NAMED.get(op, op.lower()) for op in ops)
    return Counter(op for op in named if op in COUNTED)


@pytest.mark.parametrize("name", SPELLED)
def test_onnxruntime_executes_the_operators_that_are_predicted_of_a_spelling(name: str, tmp_path: Path) -> None:
    path = written(SPELLED[name], tmp_path / "spelled.onnx")
    predicted = Counter(op for kernel in predict(read(path), load("x86-onnxruntime")).kernels for op in kernel.ops)
    assert executed(path) == Counter({op: n for op, n in predicted.items() if op in COUNTED})


def test_a_compiler_that_names_an_operator_takes_the_same_time_for_its_spelling(tmp_path: Path) -> None:
    spelled = read(written(SPELLED["hard swish"], tmp_path / "spelled.onnx"))
    named = read(written(("y = HardSwish x",), tmp_path / "named.onnx"))
    for platform in ("KPU", "NPU", "CPU", "x86-openvino"):
        assert predict(spelled, load(platform)).latency_s == predict(named, load(platform)).latency_s
    assert predict(spelled, load("x86-onnxruntime")).latency_s > predict(named, load("x86-onnxruntime")).latency_s


@pytest.mark.parametrize("name", SPELLED)
def test_a_network_that_was_changed_runs_as_its_file_spells_it_too(name: str, tmp_path: Path) -> None:
    graph, platform = read(written(SPELLED[name], tmp_path / "spelled.onnx")), load("x86-onnxruntime")
    as_it_is, alone, batched = (predict(g, platform) for g in (graph, changed(graph), with_batch(graph, 4)))
    assert alone.latency_s == as_it_is.latency_s
    assert [kernel.ops for kernel in batched.kernels] == [kernel.ops for kernel in as_it_is.kernels]
