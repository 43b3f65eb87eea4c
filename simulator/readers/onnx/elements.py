"""ONNX operators that compute element by element, converted to canonical layers, where no attribute matters."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode

from .state import Converter, OnnxState


def _unary(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _broadcast(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        image = n.outputs[0] in s.images
        return s.add(n, op, [s.broadcast(n, i, image) for i in range(len(n.inputs))])

    return rule


ELEMENTS: dict[str, Converter] = {
    "Relu": _unary("relu"),
    "LeakyRelu": _unary("leaky_relu"),
    "ThresholdedRelu": _unary("leaky_relu"),
    "PRelu": _unary("prelu"),
    "Elu": _unary("elu"),
    "Celu": _unary("elu"),
    "Selu": _unary("elu"),
    "Sigmoid": _unary("sigmoid"),
    "HardSigmoid": _unary("hard_sigmoid"),
    "HardSwish": _unary("hard_swish"),
    "Swish": _unary("swish"),
    "com.microsoft.QuickGelu": _unary("swish"),
    "Tanh": _unary("tanh"),
    "Gelu": _unary("gelu"),
    "com.microsoft.Gelu": _unary("gelu"),
    "com.microsoft.FastGelu": _unary("gelu"),
    "Abs": _unary("abs"),
    "Neg": _unary("neg"),
    "Sign": _unary("sign"),
    "Floor": _unary("floor"),
    "Ceil": _unary("ceil"),
    "Round": _unary("round"),
    "Not": _unary("logical_not"),
    "Sqrt": _unary("sqrt"),
    "Exp": _unary("exp"),
    "Log": _unary("log"),
    "Sin": _unary("sin"),
    "Cos": _unary("cos"),
    "Erf": _unary("erf"),
    "Pow": _broadcast("pow"),
    "Mod": _broadcast("mod"),
    "Greater": _broadcast("greater"),
    "GreaterOrEqual": _broadcast("greater_equal"),
    "Less": _broadcast("less"),
    "LessOrEqual": _broadcast("less_equal"),
    "Equal": _broadcast("equal"),
    "And": _broadcast("logical_and"),
    "Or": _broadcast("logical_or"),
    "Where": _broadcast("where"),
}
"""Conversion of each operator, by its name in ONNX; a Selu or Celu costs what an Elu costs."""
