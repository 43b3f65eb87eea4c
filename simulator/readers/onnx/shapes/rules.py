"""The shapes of ONNX operators that compute element by element, multiply matrices, and move or reduce data."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from stairline.simulator.graph.ops import Shape

from .operands import NotKnownError, Operands, Rule, broadcast
from .windows import WINDOWS

_SAME = """
    Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization Cast Ceil Celu Clip Cos Cosh CumSum DequantizeLinear Elu
    Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsNaN LRN
    LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not PRelu
    QuantizeLinear Reciprocal Relu Round ScatterElements ScatterND Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign
    Sqrt Tan Tanh ThresholdedRelu Trilu
    """
_BROADCAST = """
    Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor
    """
_REDUCTIONS = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare"


def _same(x: Operands) -> list[Shape]:
    return [x.shape(0)]


def _broadcast(x: Operands) -> list[Shape]:
    return [broadcast(*(x.shape(place) for place in range(len(x.shapes))))]


def _gemm(x: Operands) -> list[Shape]:
    (a, b), (c, d) = x.shape(0), x.shape(1)
    return [(b if x.option("transA", 0) else a, c if x.option("transB", 0) else d)]


def _matmul(x: Operands) -> list[Shape]:
    left, right = x.shape(0), x.shape(1)
    if len(left) < 2 or len(right) < 2 or left[-1] != right[-2]:
        raise NotKnownError
    return [(*broadcast((1, *left[:-2]), (1, *right[:-2]))[1:], left[-2], right[-1])]


def _reshape(x: Operands) -> list[Shape]:
    data, target = x.shape(0), [int(size) for size in x.numbers(1)]
    if not x.option("allowzero", 0):
        target = [data[place] if size == 0 else size for place, size in enumerate(target)]
    if target.count(-1) == 1:
        rest = -prod(target)
        if rest <= 0 or prod(data) % rest:
            raise NotKnownError
        target[target.index(-1)] = prod(data) // rest
    if prod(target) != prod(data):
        raise NotKnownError
    return [tuple(target)]


def _flatten(x: Operands) -> list[Shape]:
    data = x.shape(0)
    axis = x.option("axis", 1)
    if not -len(data) <= axis <= len(data):
        raise NotKnownError
    return [(prod(data[:axis]), prod(data[axis:]))]


def _transpose(x: Operands) -> list[Shape]:
    data = x.shape(0)
    order = x.option("perm", tuple(reversed(range(len(data)))))
    if sorted(order) != list(range(len(data))):
        raise NotKnownError
    return [tuple(data[axis] for axis in order)]


def _concat(x: Operands) -> list[Shape]:
    parts = [x.shape(place) for place in range(len(x.shapes))]
    axis = x.axis(1, len(parts[0]))
    rest = {(part[:axis], part[axis + 1 :]) for part in parts}
    if len(rest) != 1:
        raise NotKnownError
    before, behind = rest.pop()
    return [(*before, sum(part[axis] for part in parts), *behind)]


def _split(x: Operands) -> list[Shape]:
    data = x.shape(0)
    axis = x.axis(0, len(data))
    sizes = x.listed("split", 1)
    if sizes is None:
        count = x.option("num_outputs", x.outputs)
        size = -(-data[axis] // count)
        if count != x.outputs or (x.version < 18 and data[axis] % count):
            raise NotKnownError
        sizes = (*(size,) * (count - 1), data[axis] - size * (count - 1))
    if len(sizes) != x.outputs or sum(sizes) != data[axis]:
        raise NotKnownError
    return [(*data[:axis], size, *data[axis + 1 :]) for size in sizes]


def _slice(x: Operands) -> list[Shape]:
    data, starts, ends = x.shape(0), x.listed("starts", 1), x.listed("ends", 2)
    if starts is None or ends is None:
        raise NotKnownError
    axes = x.listed("axes", 3) or tuple(range(len(starts)))
    steps = x.listed("steps", 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise NotKnownError
    sizes = list(data)
    for start, end, axis, step in zip(starts, ends, axes, steps):
        sizes[axis] = len(range(*slice(start, end, step).indices(data[axis])))
    return [tuple(sizes)]


def _gather(x: Operands) -> list[Shape]:
    data, places = x.shape(0), x.shape(1)
    axis = x.axis(0, len(data))
    return [(*data[:axis], *places, *data[axis + 1 :])]


def _squeeze(x: Operands) -> list[Shape]:
    data, axes = x.shape(0), x.listed("axes", 1)
    gone = {place for place, size in enumerate(data) if size == 1} if axes is None else _within(axes, len(data))
    if any(data[place] != 1 for place in gone):
        raise NotKnownError
    return [tuple(size for place, size in enumerate(data) if place not in gone)]


def _unsqueeze(x: Operands) -> list[Shape]:
    data, axes = x.shape(0), x.listed("axes", 1)
    if axes is None:
        raise NotKnownError
    rank = len(data) + len(axes)
    new, rest = _within(axes, rank), iter(data)
    return [tuple(1 if place in new else next(rest) for place in range(rank))]


def _within(axes: Sequence[int], rank: int) -> set[int]:
    found = {axis % rank for axis in axes if -rank <= axis < rank}
    if len(found) != len(axes):
        raise NotKnownError
    return found


def _reduction(x: Operands) -> list[Shape]:
    data, axes = x.shape(0), x.listed("axes", 1)
    if not axes and x.option("noop_with_empty_axes", 0):
        return [data]
    return _reduced(x, _within(axes or range(len(data)), len(data)))


def _argument(x: Operands) -> list[Shape]:
    return _reduced(x, {x.axis(0, len(x.shape(0)))})


def _reduced(x: Operands, gone: set[int]) -> list[Shape]:
    kept = bool(x.option("keepdims", 1))
    return [tuple(1 if i in gone else size for i, size in enumerate(x.shape(0)) if kept or i not in gone)]


def _topk(x: Operands) -> list[Shape]:
    data = x.shape(0)
    axis, most = x.axis(-1, len(data)), x.option("k", 0) or int(x.numbers(1)[0])
    return [(*data[:axis], most, *data[axis + 1 :])] * 2


def _expand(x: Operands) -> list[Shape]:
    return [broadcast(x.shape(0), _sizes(x, 1))]


def _filled(x: Operands) -> list[Shape]:
    return [_sizes(x, 0)]


def _tile(x: Operands) -> list[Shape]:
    data, times = x.shape(0), _sizes(x, 1)
    if len(times) != len(data):
        raise NotKnownError
    return [tuple(size * count for size, count in zip(data, times))]


def _sizes(x: Operands, position: int) -> Shape:
    return tuple(int(size) for size in x.numbers(position))


def _rank(x: Operands) -> list[Shape]:
    if "start" in x.options or "end" in x.options:
        raise NotKnownError
    return [(len(x.shape(0)),)]


RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME.split(), _same),
    **dict.fromkeys(_BROADCAST.split(), _broadcast),
    **dict.fromkeys((f"Reduce{name}" for name in _REDUCTIONS.split()), _reduction),
    **WINDOWS,
    "Dropout": lambda x: [x.shape(0)] * 2,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "ArgMax": _argument,
    "ArgMin": _argument,
    "TopK": _topk,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Tile": _tile,
    "Shape": _rank,
}
"""The rule of each operator, by its name in ONNX. An operator that is not here is left to ONNX's own inference."""
