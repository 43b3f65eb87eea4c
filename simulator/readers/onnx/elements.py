"""ONNX operators that compute element by element, converted to canonical layers, where no attribute matters."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode

from .state import Converter, OnnxState


def _unary(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _broadcast(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        image = s.images.get(n.outputs[0], 0)
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
    "Softplus": _unary("softplus"),
    "Softsign": _unary("softplus"),
    "Mish": _unary("mish"),
    "Shrink": _unary("clip"),
    "Reciprocal": _unary("rsqrt"),
    "IsNaN": _unary("logical_not"),
    "IsInf": _unary("logical_not"),
    "BitwiseNot": _unary("logical_not"),
    **{name: _unary("sin") for name in ("Tan", "Asin", "Acos", "Atan", "Asinh", "Acosh", "Atanh")},
    **{name: _unary("exp") for name in ("Sinh", "Cosh")},
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
    "Xor": _broadcast("not_equal"),
    **{name: _broadcast("logical_and") for name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift")},
}
"""Conversion of each operator, by its name in ONNX.

An operator that has no canonical one counts as one of as many operations: a Selu as an Elu, a tangent as a sine.
"""
