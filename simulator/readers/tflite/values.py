"""Small integer tensors whose elements follow from stored ones and from shapes: counters, sizes and positions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode

from .contents import Values

_MOST = 64
"""Elements up to which a result is followed: shapes and positions are short."""

_BINARY: dict[str, Callable[[int, int], int]] = {
    "ADD": operator.add,
    "SUB": operator.sub,
    "MUL": operator.mul,
    "MAXIMUM": max,
    "MINIMUM": min,
    "LESS": operator.lt,
    "LESS_EQUAL": operator.le,
    "GREATER": operator.gt,
    "GREATER_EQUAL": operator.ge,
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "LOGICAL_AND": operator.and_,
    "LOGICAL_OR": operator.or_,
}

_LIMIT = 1 << 62
"""Magnitude up to which a number is followed: no shape is larger."""


def follow(node: FileNode, values: Values, shape_of: Callable[[str], Shape | None]) -> None:
    """Enter the elements of the node's output into ``values``, where they follow from its operands.

    ``shape_of`` gives the shape of a tensor, None where it is not known.
    """
    if node.op == "SHAPE":
        result = shape_of(node.inputs[0]) if node.inputs else None
    else:
        operands = [values.get(name) for name in node.inputs]
        result = None if None in operands else _result(node, [o for o in operands if o is not None])
    if result is not None and len(result) <= _MOST and all(abs(v) < _LIMIT for v in result):
        values[node.outputs[0]] = result


def _result(node: FileNode, operands: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    if node.op in _BINARY and len(operands) == 2:
        return _elementwise(_BINARY[node.op], *operands)
    if node.op in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "CAST") and operands:
        return operands[0]
    if node.op in ("CONCATENATION", "PACK"):
        return tuple(value for operand in operands for value in operand)
    if node.op == "REDUCE_PROD" and operands:
        return (prod(operands[0]),)
    if node.op == "GATHER" and len(operands) == 2 and all(0 <= i < len(operands[0]) for i in operands[1]):
        return tuple(operands[0][i] for i in operands[1])
    if node.op == "SLICE" and len(operands) == 3 and len(operands[1]) == len(operands[2]) == 1:
        (begin,), (size,) = operands[1:]
        return operands[0][begin:] if size == -1 else operands[0][begin : begin + size]
    if node.op == "STRIDED_SLICE" and len(operands) == 4:
        return _strided(node, operands)
    return None


def _elementwise(apply: Callable[[int, int], int], x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...] | None:
    if len(x) == len(y):
        return tuple(int(apply(p, q)) for p, q in zip(x, y))
    if len(y) == 1:
        return tuple(int(apply(p, y[0])) for p in x)
    return tuple(int(apply(x[0], q)) for q in y) if len(x) == 1 else None


def _strided(node: FileNode, operands: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    x, begin, end, step = operands
    if not len(begin) == len(end) == len(step) == 1 or not step[0]:
        return None
    masks = [node.options.scalar(i) if node.options else 0 for i in range(5)]
    if masks[4] & 1:
        return x[begin[0] :][:1] or None
    return x[slice(None if masks[0] & 1 else begin[0], None if masks[1] & 1 else end[0], step[0])]
