"""PyTorch's operators that compute element by element, restated as those of ONNX."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode

from .program import Call
from .rules import Restated, Rule, node, number, on_data, part, real, renamed, same

_UNARY = {
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "celu": "Celu",
    "selu": "Selu",
    "softplus": "Softplus",
    "mish": "Mish",
    "silu": "Swish",
    "hardswish": "HardSwish",
    "hardsigmoid": "HardSigmoid",
    "sigmoid": "Sigmoid",
    "log_sigmoid": "Softplus",
    "tanh": "Tanh",
    "gelu": "Gelu",
    "abs": "Abs",
    "neg": "Neg",
    "sign": "Sign",
    "floor": "Floor",
    "ceil": "Ceil",
    "round": "Round",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "expm1": "Exp",
    "log": "Log",
    "log2": "Log",
    "log10": "Log",
    "log1p": "Log",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "atan": "Atan",
    "erf": "Erf",
    "reciprocal": "Reciprocal",
    "logical_not": "Not",
    "bitwise_not": "BitwiseNot",
    "isnan": "IsNaN",
    "isinf": "IsInf",
}
_BINARY = {
    "mul": "Mul",
    "pow": "Pow",
    "remainder": "Mod",
    "fmod": "Mod",
    "maximum": "Max",
    "minimum": "Min",
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "lt": "Less",
    "le": "LessOrEqual",
    "eq": "Equal",
    "ne": "Xor",
    "logical_and": "And",
    "logical_or": "Or",
    "logical_xor": "Xor",
    "bitwise_and": "BitwiseAnd",
    "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor",
    "__and__": "BitwiseAnd",
    "__or__": "BitwiseOr",
}
"""A comparison for inequality counts as an exclusive or: both are one operation."""
_SAME = (
    *("alias", "clone", "contiguous", "detach", "lift_fresh_copy", "to", "_to_copy", "type_as", "dropout"),
    *("feature_dropout", "alpha_dropout", "resolve_conj", "resolve_neg", "positive", "_to_dtype"),
)


def _sum(op: str, first: str = "self", second: str = "other") -> Rule:
    """A sum or difference whose second operand may have a factor."""

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x, y, factor = s.operand(c, first), s.operand(c, second), real(c, "alpha", 1.0)
        if factor == 1.0:
            return [node(c, op, (x, y))]
        scaled = s.between(c, "scaled", s.shape(y))
        by = s.number(f"{c.outputs[0]}/alpha", factor)
        return [part(c, "scaled", "Mul", (y, by), scaled), node(c, op, (x, scaled))]

    return rule


def _quotient(s: Restated, c: Call) -> list[FileNode]:
    x, y = s.operand(c, "self"), s.operand(c, "other")
    if c.arguments.get("rounding_mode") is None and c.op != "floor_divide":
        return [node(c, "Div", (x, y))]
    quotient = s.between(c, "quotient", s.shape(c.outputs[0]))
    return [part(c, "quotient", "Div", (x, y), quotient), node(c, "Floor", (quotient,))]


def _inverse_root(s: Restated, c: Call) -> list[FileNode]:
    x = s.tensor(c, "self")
    root = s.between(c, "root", s.shape(x))
    return [part(c, "root", "Sqrt", (x,), root), node(c, "Reciprocal", (root,))]


def _limited(low: str, high: str, least: float | None = None, most: float | None = None) -> Rule:
    """A limitation; a bound that is left out is the default, where there is one.

    With a single bound it is a maximum or a minimum.
    """

    def rule(s: Restated, c: Call) -> list[FileNode]:
        x, bounds = s.data(c), (_bound(s, c, low, least), _bound(s, c, high, most))
        if all(bounds):
            return [node(c, "Clip", (x, *bounds))]
        return [node(c, "Max" if bounds[0] else "Min", (x, *filter(None, bounds)))]

    return rule


def _bound(s: Restated, c: Call, argument: str, default: float | None) -> str:
    """The operand that is a bound; empty without one."""
    if c.arguments.get(argument) is not None:
        return s.operand(c, argument)
    return "" if default is None else s.number(f"{c.outputs[0]}/{argument or default}", default)


def _square(s: Restated, c: Call) -> list[FileNode]:
    x = s.tensor(c, "self")
    return [node(c, "Mul", (x, x))]


def _gated(s: Restated, c: Call) -> list[FileNode]:
    """One half of the channels times the sigmoid of the other."""
    x, shape = s.data(c), s.shape(c.outputs[0])
    axis = s.axis(c, number(c, "dim", -1), len(shape))
    value, gate, opened = (s.between(c, name, shape) for name in ("value", "gate", "opened"))
    return [
        FileNode(f"{c.name}/halves", "Split", (x,), (value, gate), {"axis": axis}),
        part(c, "opened", "Sigmoid", (gate,), opened),
        node(c, "Mul", (value, opened)),
    ]


def _where(s: Restated, c: Call) -> list[FileNode]:
    return [node(c, "Where", (s.tensor(c, "condition"), s.operand(c, "self"), s.operand(c, "other")))]


def _masked(s: Restated, c: Call) -> list[FileNode]:
    return [node(c, "Where", (s.tensor(c, "mask"), s.operand(c, "value"), s.tensor(c, "self")))]


ELEMENTS: dict[str, Rule] = {
    **{name: on_data(op) for name, op in _UNARY.items()},
    **{name: renamed(op, "self", "other") for name, op in _BINARY.items()},
    "pow": renamed("Pow", "self", "exponent"),
    **dict.fromkeys(_SAME, same),
    "add": _sum("Add"),
    "sub": _sum("Sub"),
    "rsub": _sum("Sub", "other", "self"),
    "div": _quotient,
    "floor_divide": _quotient,
    "true_divide": _quotient,
    "rsqrt": _inverse_root,
    "square": _square,
    "relu6": _limited("", "", 0.0, 6.0),
    "hardtanh": _limited("min_val", "max_val", -1.0, 1.0),
    "clamp": _limited("min", "max"),
    "clip": _limited("min", "max"),
    "clamp_min": _limited("min", ""),
    "clamp_max": _limited("", "max"),
    "glu": _gated,
    "prelu": renamed("PRelu", "self", "weight"),
    "where": _where,
    "masked_fill": _masked,
}
"""The restatement of each operator, by its name in PyTorch."""
