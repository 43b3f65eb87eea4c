"""The operators by which ONNX files compute shapes, on small stored values.

ONNX's own reference evaluator has them too, but takes a tenth of a second for a first node and fails on operators of
older sets, such as an Unsqueeze with its axes as an attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Options = Mapping[str, Any]

LARGEST = 4096
"""Elements of the largest value that is computed here: shapes, positions and masks of short sequences."""


class NotComputedError(Exception):
    """The result is too large, or the operands do not fit."""


def computed(op: str, operands: Sequence[Array | None], options: Options) -> Array | None:
    """The first output of an operator on known values; None for an operator that is not arithmetic on shapes.

    Raises NotComputedError where the result has more than ``LARGEST`` elements or the operands do not fit the operator.
    """
    rule = _RULES.get(op)
    if rule is None or not operands or operands[0] is None:
        return None
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(rule([x for x in operands if x is not None], options))
    except (IndexError, KeyError, OverflowError, TypeError, ValueError, np.exceptions.AxisError, MemoryError) as error:
        raise NotComputedError from error
    if result.size > LARGEST:
        raise NotComputedError
    return result


def _limited(elements: float) -> None:
    if not 0 <= elements <= LARGEST:
        raise NotComputedError


def _axes(x: Sequence[Array], options: Options) -> tuple[int, ...]:
    return tuple(int(axis) for axis in (x[1].ravel() if len(x) > 1 else options.get("axes", ())))


def _gather(x: Sequence[Array], options: Options) -> Array:
    _limited(x[0].size // max(x[0].shape[options.get("axis", 0)], 1) * x[1].size)
    return np.take(x[0], x[1].astype(np.int64), axis=options.get("axis", 0))


def _slice(x: Sequence[Array], options: Options) -> Array:
    starts, ends = (x[1], x[2]) if len(x) > 2 else (options["starts"], options["ends"])
    axes = x[3] if len(x) > 3 else options.get("axes", range(len(starts)))
    steps = x[4] if len(x) > 4 else [1] * len(starts)
    where = [slice(None)] * x[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        where[int(axis)] = slice(int(start), int(end) if end > -(2**62) else None, int(step))
    return x[0][tuple(where)]


def _unsqueeze(x: Sequence[Array], options: Options) -> Array:
    axes = _axes(x, options)
    rank = x[0].ndim + len(axes)
    return np.expand_dims(x[0], tuple(axis % rank for axis in axes))


def _squeeze(x: Sequence[Array], options: Options) -> Array:
    return np.squeeze(x[0], _axes(x, options) or None)


def _reshape(x: Sequence[Array], options: Options) -> Array:
    sizes = [int(size) for size in (x[1] if len(x) > 1 else options["shape"])]
    if not options.get("allowzero", 0):
        sizes = [x[0].shape[place] if size == 0 else size for place, size in enumerate(sizes)]
    return x[0].reshape(sizes)


def _range(x: Sequence[Array], _options: Options) -> Array:
    start, limit, delta = (value.item() for value in x)
    _limited(np.ceil((limit - start) / delta))
    return np.arange(start, limit, delta, dtype=x[0].dtype)


def _filled(x: Sequence[Array], options: Options) -> Array:
    _limited(prod(int(size) for size in x[0]))
    value = options.get("value", np.zeros(1, np.float32))
    return np.full([int(size) for size in x[0]], np.asarray(value).ravel()[0])


def _expand(x: Sequence[Array], _options: Options) -> Array:
    sizes = np.broadcast_shapes(x[0].shape, tuple(int(size) for size in x[1]))
    _limited(prod(sizes))
    return np.broadcast_to(x[0], sizes)


def _tile(x: Sequence[Array], _options: Options) -> Array:
    _limited(x[0].size * prod(int(count) for count in x[1]))
    return np.tile(x[0], [int(count) for count in x[1]])


def _reduced(reduce: Callable[..., Array]) -> Callable[[Sequence[Array], Options], Array]:
    return lambda x, o: reduce(x[0], axis=_axes(x, o) or None, keepdims=bool(o.get("keepdims", 1)))


def _divided(x: Sequence[Array], _options: Options) -> Array:
    if x[0].dtype.kind not in "iu":
        return x[0] / x[1]
    # ONNX divides whole numbers towards zero, NumPy downwards.
    return np.trunc(x[0] / x[1]).astype(x[0].dtype)


def _cast(x: Sequence[Array], options: Options) -> Array:
    kind = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64}[options["to"]]
    return x[0].astype(kind)


def _binary(function: Callable[[Array, Array], Array]) -> Callable[[Sequence[Array], Options], Array]:
    return lambda x, _options: function(x[0], x[1])


def _unary(function: Callable[[Array], Array]) -> Callable[[Sequence[Array], Options], Array]:
    return lambda x, _options: function(x[0])


_RULES: dict[str, Callable[[Sequence[Array], Options], Array]] = {
    "Gather": _gather,
    "Slice": _slice,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Flatten": lambda x, _options: x[0].reshape(1, -1),
    "Concat": lambda x, o: np.concatenate(x, axis=o["axis"]),
    "Cast": _cast,
    "Range": _range,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Tile": _tile,
    "Transpose": lambda x, o: np.transpose(x[0], o.get("perm") or None),
    "Where": lambda x, _options: np.where(*x),
    "Add": _binary(np.add),
    "Sub": _binary(np.subtract),
    "Mul": _binary(np.multiply),
    "Div": _divided,
    "Mod": _binary(np.mod),
    "Pow": _binary(np.power),
    "Min": lambda x, _options: np.minimum.reduce(np.broadcast_arrays(*x)),
    "Max": lambda x, _options: np.maximum.reduce(np.broadcast_arrays(*x)),
    "Equal": _binary(np.equal),
    "Greater": _binary(np.greater),
    "GreaterOrEqual": _binary(np.greater_equal),
    "Less": _binary(np.less),
    "LessOrEqual": _binary(np.less_equal),
    "And": _binary(np.logical_and),
    "Or": _binary(np.logical_or),
    "Not": _unary(np.logical_not),
    "Neg": _unary(np.negative),
    "Abs": _unary(np.abs),
    "Floor": _unary(np.floor),
    "Ceil": _unary(np.ceil),
    "Sqrt": _unary(np.sqrt),
    "Identity": _unary(np.asarray),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
}
"""Operators by name; each takes its operands in order, absent ones left out, and its attributes."""
