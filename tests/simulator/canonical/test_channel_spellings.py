"""Operators with a number for each channel, or a sum over the channels, spelled out in files that onnxruntime runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import stairline as sl
from stairline.hwmodels import load
from stairline.simulator.readers.dispatch import read

Array = NDArray[np.float32]
Lines = tuple[str, ...]

SHAPE = (1, 8, 4, 4)
SLOPES = np.linspace(-0.5, 0.5, 8, dtype=np.float32).reshape(8, 1, 1)
SCALES = np.linspace(0.5, 1.5, 8, dtype=np.float32)
STORED: dict[str, NDArray[Any]] = {
    "eye": np.eye(8, dtype=np.float32).reshape(8, 8, 1, 1),
    "slopes": SLOPES,
    "scales": SCALES,
    "scales3": SCALES.reshape(8, 1, 1),
    "zeros": np.zeros(8, np.float32),
    "channel": np.array([1], np.int64),
    "row": np.array([2], np.int64),
    "map": np.array([2, 3], np.int64),
    **{f"c{v:g}": np.float32(v) for v in (0, 0.5, 1, 2, -1, 1e-5, 1e-12)},
}
_SQUARES = ("q = Mul x x", "s = ReduceSum q channel")
_CENTRED = ("m = ReduceMean x map", "d = Sub x m", "q = Mul d d", "v = ReduceMean q map", "e = Add v c1e-05")
_SCALED = ("k = Mul n scales3", "y = Add k c0")

SPELLED: dict[str, dict[str, Lines]] = {
    "prelu": {
        "operator": ("y = PRelu x slopes",),
        "relu(x) - a relu(-x)": ("r = Relu x", "n = Neg x", "q = Relu n", "m = Mul q slopes", "y = Sub r m"),
        "relu(x) + a min(x, 0)": ("r = Relu x", "n = Min c0 x", "m = Mul slopes n", "y = Add m r"),
        "relu(x) + a (x - |x|) / 2": (
            *("r = Relu x", "n = Abs x", "d = Sub x n", "m = Mul d slopes", "h = Mul c0.5 m", "y = Add r h"),
        ),
    },
    "l2_norm": {
        "operator": ("y = LpNormalization x axis=1",),
        "ReduceL2": ("n = ReduceL2 x channel", "y = Div x n"),
        "ReduceL2, clipped": ("n = ReduceL2 x channel", "k = Clip n c1e-12", "y = Div x k"),
        "root of a sum": (*_SQUARES, "r = Sqrt s", "y = Div x r"),
        "power and least value": ("q = Pow x c2", *_SQUARES[1:], "t = Max c1e-12 s", "r = Sqrt t", "y = Div x r"),
        "reciprocal of a root": (*_SQUARES, "t = Add s c1e-12", "r = Sqrt t", "i = Reciprocal r", "y = Mul i x"),
    },
    "softmax": {
        "operator": ("y = Softmax x axis=1",),
        "exponentials": ("e = Exp x", "s = ReduceSum e channel", "y = Div e s"),
        "less the largest": (
            *("m = ReduceMax x channel", "d = Sub x m", "e = Exp d", "s = ReduceSum e channel", "y = Div e s"),
        ),
        "of its logarithm": ("l = LogSoftmax x axis=1", "y = Exp l"),
    },
    "instance_norm": {
        "operator": ("y = InstanceNormalization x scales zeros",),
        "quotient": (*_CENTRED, "r = Sqrt e", "n = Div d r", *_SCALED),
        "reciprocal": (*_CENTRED, "r = Sqrt e", "i = Reciprocal r", "n = Mul d i", *_SCALED),
    },
}
CASES = [(op, name) for op, names in SPELLED.items() for name in names]


def normalised(x: Array) -> Array:
    d = x - x.mean(axis=(2, 3), keepdims=True)
    return d / np.sqrt((d**2).mean(axis=(2, 3), keepdims=True) + 1e-5) * STORED["scales3"]


FORMULAS: dict[str, Callable[[Array], Array]] = {
    "prelu": lambda x: np.where(x > 0, x, x * SLOPES),
    "l2_norm": lambda x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
    "instance_norm": normalised,
}


def network(lines: Lines) -> onnx.ModelProto:
    """A convolution that changes nothing, which shows what images are, and lines such as "y = Softmax x axis=1"."""
    nodes, names = [helper.make_node("Conv", ["input", "eye"], ["x"], name="x")], {"eye"}
    for line in lines:
        output, _, op, *words = line.split()
        inputs = [word for word in words if "=" not in word]
        options = {key: int(value) for key, value in (word.split("=") for word in words if "=" in word)}
        nodes.append(helper.make_node(op, inputs, [output], name=output, **options))
        names.update(inputs)
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in STORED.items() if name in names]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("input", "y")]
    graph = helper.make_graph(nodes, "spelled", ends[:1], ends[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.fixture
def reading(tmp_path: Path) -> Callable[[Lines], sl.Graph]:
    def read_lines(lines: Lines) -> sl.Graph:
        onnx.save(network(lines), tmp_path / "spelled.onnx")
        return read(tmp_path / "spelled.onnx")

    return read_lines


@pytest.mark.parametrize(("op", "name"), CASES)
def test_a_spelling_is_the_operator_whose_values_it_computes(op, name, reading):
    lines = SPELLED[op][name]
    session = onnxruntime.InferenceSession(network(lines).SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    assert np.allclose(session.run(None, {"input": x})[0], FORMULAS[op](x), atol=1e-5)
    layers = [layer.op for layer in reading(lines).layers if layer.op not in ("add", "mul")]
    assert layers == ["conv2d", op]


OTHERS: dict[str, Lines] = {
    "a sum over rows": ("e = Exp x", "s = ReduceSum e row", "y = Div e s"),
    "the sum of another map": ("e = Exp x", "n = Neg x", "f = Exp n", "s = ReduceSum f channel", "y = Div e s"),
    "a sum of absolute values": ("n = ReduceL1 x channel", "y = Div x n"),
    "a large addend": (*_SQUARES, "t = Add s c1", "r = Sqrt t", "y = Div x r"),
    "a slope for each pixel": ("r = Relu x", "n = Min c0 x", "m = Mul x n", "y = Add m r"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_sums_and_slopes_stay_spelled_out(name, reading):
    assert set(SPELLED).isdisjoint(layer.op for layer in reading(OTHERS[name]).layers)


@pytest.mark.parametrize("platform", ["CPU", "GPU", "ethos-u55-128-vela5.2", "x86-openvino"])
@pytest.mark.parametrize("op", ["prelu", "l2_norm", "softmax"])
def test_every_spelling_takes_the_same_time(op, platform, reading):
    device = sl.Device(load(platform))
    first, *others = [device.predict(reading(lines)).summary.latency_s for lines in SPELLED[op].values()]
    assert others == pytest.approx([first] * len(others), rel=1e-9)
