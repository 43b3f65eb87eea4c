"""TFLite operators that compute element by element, converted to canonical layers."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode

from .state import Converter, TfliteState


def _unary(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _binary(op: str, fused: int | None = None) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0), s.operand(n, 1)], fused=fused)


def _every_operand(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, i) for i in range(len(n.inputs))])


def _select(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """A condition of one dimension chooses whole rows in SELECT, where SELECT_V2 would broadcast it to columns."""
    condition, x, y = (s.operand(n, i) for i in range(3))
    shape, rank = s.builder.shape(condition), len(s.builder.shape(x))
    if n.op == "SELECT" and len(shape) == 1 < rank:
        condition = s.builder.layer("reshape", condition, name=f"{n.name}/rows", sizes=(*shape, *(1,) * (rank - 1)))
    return s.add(n, "where", [condition, x, y])


def _read_variable(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """The interpreter copies a variable into the operator's output."""
    stated = s.stated(n)
    state = s.builder.constant(stated[0] if stated else (1,), f"{n.name}/variable", s.file_tensors[n.outputs[0]].dtype)
    return s.add(n, "copy", [state])


def _assign_variable(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """The interpreter copies its operand into the variable."""
    return s.add(n, "copy", [s.operand(n, 1)], Attributes())


ELEMENTS: dict[str, Converter] = {
    "ADD": _binary("add", fused=0),
    "SUB": _binary("sub", fused=0),
    "MUL": _binary("mul", fused=0),
    "DIV": _binary("div", fused=0),
    "MAXIMUM": _binary("maximum"),
    "MINIMUM": _binary("minimum"),
    "ADD_N": _every_operand("add"),
    "POW": _binary("pow"),
    "SQUARED_DIFFERENCE": _binary("squared_difference"),
    "FLOOR_DIV": _binary("floor_div"),
    "FLOOR_MOD": _binary("mod"),
    "GREATER": _binary("greater"),
    "GREATER_EQUAL": _binary("greater_equal"),
    "LESS": _binary("less"),
    "LESS_EQUAL": _binary("less_equal"),
    "EQUAL": _binary("equal"),
    "NOT_EQUAL": _binary("not_equal"),
    "LOGICAL_AND": _binary("logical_and"),
    "LOGICAL_OR": _binary("logical_or"),
    "SELECT": _select,
    "SELECT_V2": _select,
    "SOFTMAX": _unary("softmax"),
    "LOGISTIC": _unary("sigmoid"),
    "RELU": _unary("relu"),
    "RELU6": _unary("relu6"),
    "RELU_N1_TO_1": _unary("clip"),
    "RELU_0_TO_1": _unary("clip"),
    "LEAKY_RELU": _unary("leaky_relu"),
    "PRELU": _unary("prelu"),
    "ELU": _unary("elu"),
    "TANH": _unary("tanh"),
    "HARD_SWISH": _unary("hard_swish"),
    "GELU": _unary("gelu"),
    "ABS": _unary("abs"),
    "NEG": _unary("neg"),
    "SIGN": _unary("sign"),
    "FLOOR": _unary("floor"),
    "CEIL": _unary("ceil"),
    "ROUND": _unary("round"),
    "LOGICAL_NOT": _unary("logical_not"),
    "SQUARE": _unary("square"),
    "SQRT": _unary("sqrt"),
    "RSQRT": _unary("rsqrt"),
    "EXP": _unary("exp"),
    "LOG": _unary("log"),
    "SIN": _unary("sin"),
    "COS": _unary("cos"),
    "CAST": _unary("cast"),
    "QUANTIZE": _unary("quantize"),
    "DEQUANTIZE": _unary("dequantize"),
    "ZEROS_LIKE": _unary("copy"),
    "READ_VARIABLE": _read_variable,
    "ASSIGN_VARIABLE": _assign_variable,
    "TransformLandmarks": _unary("transform_points"),
}
"""Conversion of each operator, by its name in the TFLite schema."""
