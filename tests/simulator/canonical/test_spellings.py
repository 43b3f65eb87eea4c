"""Files that spell an operator out: onnxruntime computes the operator's own formula, and reading gives its name."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from stairline.simulator.readers.dispatch import read

Lines = tuple[str, ...]

HARD_SIGMOID: dict[str, Lines] = {
    "relu6(x + 3) / 6": ("s = Add x c3", "r = Clip s c0 c6", "y = Div r c6"),
    "relu6(3 + x) times a sixth": ("s = Add c3 x", "r = Clip s c0 c6", "y = Mul c0.16667 r"),
    "subtraction of -3, bounds apart": ("s = Sub x c-3", "m = Max s c0", "r = Min c6 m", "y = Div r c6"),
    "relu, then minimum": ("s = Add x c3", "m = Relu s", "r = Min m c6", "y = Div r c6"),
    "clip(x / 6 + 0.5)": ("d = Div x c6", "s = Add d c0.5", "y = Clip s c0 c1"),
    "min(max(x / 6 + 0.5))": ("d = Mul x c0.166667", "s = Add c0.5 d", "m = Max c0 s", "y = Min m c1"),
}
HARD_SWISH: dict[str, Lines] = {
    **{
        f"x times {name}": (*lines[:-1], lines[-1].replace("y =", "g ="), "y = Mul x g")
        for name, lines in HARD_SIGMOID.items()
    },
    "x relu6(x + 3), then a sixth": ("s = Add x c3", "r = Clip s c0 c6", "p = Mul r x", "y = Div p c6"),
    "a sixth of x first": ("s = Add x c3", "r = Clip s c0 c6", "p = Mul x c0.1666667", "y = Mul r p"),
}
SWISH: dict[str, Lines] = {
    "x over 1 + exp(-x)": ("n = Neg x", "e = Exp n", "s = Add e c1", "y = Div x s"),
    "x sigmoid(x)": ("s = Sigmoid x", "y = Mul x s"),
    "sigmoid(x) x": ("s = Sigmoid x", "y = Mul s x"),
}
_ERF = ("d = Div x c1.4142135", "e = Erf d", "s = Add e c1")
_CUBE = ("c = Mul p c0.044715", "i = Add x c", "j = Mul i c0.7978846", "t = Tanh j", "s = Add c1 t")
GELU: dict[str, Lines] = {
    "x (1 + erf) / 2": (*_ERF, "p = Mul x s", "y = Mul p c0.5"),
    "(x / 2) (1 + erf)": (*_ERF, "p = Mul c0.5 x", "y = Mul p s"),
    "x ((1 + erf) / 2)": (*_ERF, "h = Mul s c0.5", "y = Mul h x"),
    "a product by the root of a half": ("d = Mul x c0.70710678", *_ERF[1:], "p = Mul s x", "y = Div p c2"),
    "tanh of a power": ("p = Pow x c3", *_CUBE, "h = Mul x s", "y = Mul h c0.5"),
    "tanh of products": ("q = Mul x x", "p = Mul x q", *_CUBE, "h = Mul c0.5 x", "y = Mul h s"),
}
SIGMOID: dict[str, Lines] = {
    "quotient": ("n = Neg x", "e = Exp n", "s = Add e c1", "y = Div c1 s"),
    "reciprocal": ("n = Mul c-1 x", "e = Exp n", "s = Add c1 e", "y = Reciprocal s"),
}
RELU6: dict[str, Lines] = {
    "max of min": ("m = Min x c6", "y = Max c0 m"),
    "relu of min": ("m = Min c6 x", "y = Relu m"),
    "min of relu": ("m = Relu x", "y = Min m c6"),
}
LEAKY_RELU: dict[str, Lines] = {
    "slope last": ("m = Mul x c0.1", "y = Max x m"),
    "slope first": ("m = Mul c0.1 x", "y = Max m x"),
}


def hard_sigmoid(x: float) -> float:
    return min(max(x + 3, 0), 6) / 6


def gelu(x: float) -> float:
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


FORMULAS: dict[str, tuple[dict[str, Lines], Callable[[float], float]]] = {
    "hard_sigmoid": (HARD_SIGMOID, hard_sigmoid),
    "hard_swish": (HARD_SWISH, lambda x: x * hard_sigmoid(x)),
    "swish": (SWISH, lambda x: x / (1 + math.exp(-x))),
    "gelu": (GELU, gelu),
    "sigmoid": (SIGMOID, lambda x: 1 / (1 + math.exp(-x))),
    "relu6": (RELU6, lambda x: min(max(x, 0.0), 6.0)),
    "leaky_relu": (LEAKY_RELU, lambda x: max(x, x / 10)),
}
CASES = [(op, name) for op, (spellings, _) in FORMULAS.items() for name in spellings]


def model(lines: Lines, shape: tuple[int, ...], further_outputs: tuple[str, ...] = ()) -> onnx.ModelProto:
    """The network of lines such as "y = Add x c3", in which c3 is a stored 3."""
    nodes, stored = [], {}
    for line in lines:
        output, _, op, *inputs = line.split()
        nodes.append(helper.make_node(op, inputs, [output], name=output))
        stored.update({name: float(name[1:]) for name in inputs if name[0] == "c" and name[1:]})
    constants = [helper.make_tensor(name, TensorProto.FLOAT, [], [value]) for name, value in stored.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y", *further_outputs)]
    graph = helper.make_graph(nodes, "spelled", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(("op", "name"), CASES)
def test_a_spelling_is_the_operator_whose_values_it_computes(op, name, tmp_path):
    spellings, formula = FORMULAS[op]
    spelled = model(spellings[name], (1, 4, 4, 8))
    session = onnxruntime.InferenceSession(spelled.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.linspace(-8, 8, 128, dtype=np.float32).reshape(1, 4, 4, 8)
    assert np.allclose(session.run(None, {"x": x})[0], np.vectorize(formula)(x), atol=2e-3)
    onnx.save(spelled, tmp_path / "spelled.onnx")
    graph = read(tmp_path / "spelled.onnx")
    assert [layer.op for layer in graph.layers] == [op]


OTHERS: dict[str, Lines] = {
    "another shift": ("s = Add x c2", "r = Clip s c0 c6", "y = Div r c6"),
    "another bound": ("s = Add x c3", "r = Clip s c0 c5", "y = Div r c6"),
    "another factor": ("s = Add x c3", "r = Clip s c0 c6", "y = Div r c5"),
    "three minus x": ("s = Sub c3 x", "r = Clip s c0 c6", "y = Div r c6"),
    "another gate": ("s = Add x c3", "r = Clip s c0 c6", "q = Relu x", "p = Mul q r", "y = Div p c6"),
    "a slope above 1": ("m = Mul x c2", "y = Max x m"),
    "a slope of another map": ("n = Neg x", "m = Mul n c0.1", "y = Max x m"),
    "one plus exp(x)": ("e = Exp x", "s = Add e c1", "y = Div c1 s"),
    "another root": ("d = Div x c1.7", "e = Erf d", "s = Add e c1", "p = Mul x s", "y = Mul p c0.5"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_formulas_that_differ_in_a_number_or_an_operand_stay_spelled_out(name, tmp_path):
    onnx.save(model(OTHERS[name], (1, 4, 4, 8)), tmp_path / "other.onnx")
    named = {"hard_sigmoid", "hard_swish", "gelu", "leaky_relu", "sigmoid"}
    assert named.isdisjoint(layer.op for layer in read(tmp_path / "other.onnx").layers)


def test_a_spelling_of_which_something_else_reads_a_part_stays(tmp_path):
    onnx.save(model(HARD_SWISH["x relu6(x + 3), then a sixth"], (1, 4, 4, 8), ("r",)), tmp_path / "read.onnx")
    assert "hard_swish" not in [layer.op for layer in read(tmp_path / "read.onnx").layers]
