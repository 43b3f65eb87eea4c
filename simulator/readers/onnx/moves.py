"""ONNX operators that move or reduce data, converted to canonical layers; axes follow the graph's order of axes."""

from __future__ import annotations

from stairline.simulator.graph.attributes import INTERPOLATIONS, Attributes
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .layout import graph_axis, stored_order
from .state import Converter, OnnxState, option, unknown, where

_READS_POOLED = frozenset({"Conv", "Gemm", "MatMul", "Flatten", "Reshape", "Squeeze"})


def _concat(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    image = s.images.get(n.outputs[0], 0)
    operands = [s.broadcast(n, i, image) for i in range(len(n.inputs))]
    axis = s.axis(n, option(n, "axis", 0))
    return s.add(n, "concat", operands, Attributes(axis=axis))


def _split(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.operand(n, 0)
    axis = s.axis(n, option(n, "axis", 0))
    shapes = [s.stated(name) for name in n.outputs]
    sizes = tuple(shape[axis] for shape in shapes if shape is not None and axis < len(shape))
    return s.add(n, "split", [x], Attributes(axis=axis, sizes=sizes))


def _slice(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x, stated = s.operand(n, 0), s.stated(n.outputs[0])
    shape = s.builder.shape(x)
    bounds = [_numbers(s, n, i, name) for i, name in ((1, "starts"), (2, "ends"), (3, "axes"), (4, "steps"))]
    starts, ends = bounds[0], bounds[1]
    if starts is None or ends is None:
        if stated is None:
            raise ReadError(
                f"{where(n)}: its output size is computed while running: export the model with fixed shapes"
            )
        return s.add(n, "strided_slice", [x], Attributes(sizes=stated))
    axes = bounds[2] or tuple(range(len(starts)))
    steps = bounds[3] or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ReadError(f"{where(n)}: starts {starts}, ends {ends}, axes {axes}, steps {steps} do not fit together")
    ranges = [range(size) for size in shape]
    for start, end, axis, step in zip(starts, ends, axes, steps):
        place = s.axis(n, axis)
        ranges[place] = range(*slice(start, end, step).indices(shape[place]))
    attributes = Attributes(
        begin=tuple(r.start for r in ranges),
        end=tuple(r.stop for r in ranges),
        steps=tuple(r.step for r in ranges),
        sizes=tuple(len(r) for r in ranges),
    )
    whole = all(step == 1 for step in attributes.steps)
    return s.add(n, "slice" if whole else "strided_slice", [x], attributes)


def _numbers(s: OnnxState, n: FileNode, position: int, name: str) -> tuple[int, ...] | None:
    """The integers of an operand, or of the attribute in its place in older operator sets; None where not stored."""
    if position < len(n.inputs) and n.inputs[position]:
        values = s.values.get(n.inputs[position])
        return None if values is None else tuple(int(value) for value in values)
    return option(n, name, ()) or None


def _pad(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.operand(n, 0)
    rank = len(s.builder.shape(x))
    flat = option(n, "pads", ()) or s.required(n, 1, "paddings")
    axes = s.required(n, 3, "axes") if len(n.inputs) > 3 and n.inputs[3] else tuple(range(s.rank(n)))
    if len(flat) != 2 * len(axes):
        raise ReadError(f"{where(n)}: {len(flat)} paddings for {len(axes)} axes: each axis needs two")
    pads = [(0, 0)] * rank
    for axis, before, after in zip(axes, flat, flat[len(axes) :]):
        pads[s.axis(n, axis)] = (before, after)
    return s.add(n, "pad", [x], Attributes(pads=tuple(pads)))


def _reshape(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    sizes = s.stated(n.outputs[0])
    if sizes is None:
        raise ReadError(f"{where(n)}: its target shape is computed while running: export the model with fixed shapes")
    return s.add(n, "reshape", [s.operand(n, 0)], Attributes(sizes=sizes or (1,)))


def _transpose(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """A transposition between the graph's orders of axes; no layer where that order does not change."""
    x = s.operand(n, 0)
    rank = s.rank(n)
    order = option(n, "perm", ()) or tuple(reversed(range(rank)))
    if sorted(order) != list(range(rank)):
        raise ReadError(f"{where(n)}: perm {order} is no permutation of the {rank} axes")
    source, target = s.image(n), s.images.get(n.outputs[0], 0)
    now = stored_order(rank, source)
    moved = tuple(now.index(order[axis]) for axis in stored_order(rank, target))
    if moved == tuple(range(rank)) and (source == 3) == (target == 3):
        return (x,)
    if 3 not in (source, target):
        return s.add(n, "transpose", [x], Attributes(axes=moved))
    return (s.permuted(n, x, source, moved, target),)


def _reduction(op: str) -> Converter:
    return lambda s, n: _reduced(op, s, n)


def _length(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """The root of a sum of squares, as the three operators that OpenVINO (ReduceL2Decomposition) puts in its place."""
    return (s.builder.layer("sqrt", *_reduced("reduce_sum", s, n, squared=True), name=f"{n.name}/root"),)


def _reduced(op: str, s: OnnxState, n: FileNode, squared: bool = False) -> tuple[int, ...]:
    keepdims = bool(option(n, "keepdims", 1))
    axes = _numbers(s, n, 1, "axes")
    if axes is None and len(n.inputs) > 1 and n.inputs[1]:
        raise ReadError(f"{where(n)}: operand 1 (axes) is computed while running: export the model with fixed shapes")

    def given(x: int) -> int:
        return s.builder.layer("mul", x, x, name=f"{n.name}/square") if squared else x

    image, rank = s.image(n), s.rank(n)
    file_axes = [axis % rank for axis in axes] if axes else list(range(rank))
    stored = tuple(graph_axis(axis, image) for axis in file_axes) if image else tuple(file_axes)
    if op == "mean" and image == 4 and keepdims and set(stored) == {1, 2} and _pools(s, n):
        return s.add(n, "globalavgpool2d", [s.operand(n, 0)], Attributes(keepdims=True))
    kept = [axis for axis in stored_order(rank, image) if axis not in file_axes]
    if keepdims or kept == sorted(kept):
        if image == 3 and not keepdims:
            stored = (1, *stored)
        return s.add(n, op, [given(s.operand(n, 0))], Attributes(axes=stored, keepdims=keepdims))
    return s.add(n, op, [given(s.plain(n, 0))], Attributes(axes=tuple(file_axes)))


def _pools(s: OnnxState, n: FileNode) -> bool:
    """Whether a mean of all pixels is a global pooling, which exporters write as either of the two.

    One that arithmetic reads may be part of a normalisation that is spelled out.
    """
    return all(reader.op in _READS_POOLED for reader in s.consumers.get(n.outputs[0], ()))


def _resize(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    target = s.stated(n.outputs[0])
    if target is None or s.image(n) not in (3, 4):
        return unknown(s, n)
    mode = option(n, "mode", "nearest").partition("_")[0]
    if mode not in INTERPOLATIONS:
        raise ReadError(f"{where(n)}: mode '{mode}': a resize is {', '.join(INTERPOLATIONS)}")
    return s.add(n, "resize", [s.operand(n, 0)], Attributes(sizes=target[1:3], interpolation=mode))


def _softmax(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.operand(n, 0)
    axis = s.axis(n, option(n, "axis", -1))
    return s.add(n, "softmax", [x], Attributes(axis=axis))


MOVES: dict[str, Converter] = {
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Pad": _pad,
    "Reshape": _reshape,
    "Flatten": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    "Transpose": _transpose,
    "ReduceMean": _reduction("mean"),
    **{f"Reduce{name}": _reduction("reduce_sum") for name in ("Sum", "L1", "SumSquare", "LogSum", "LogSumExp")},
    "ReduceL2": _length,
    "ReduceMax": _reduction("reduce_max"),
    "ReduceMin": _reduction("reduce_min"),
    "ReduceProd": _reduction("reduce_prod"),
    "Resize": _resize,
    "Upsample": _resize,
    "Softmax": _softmax,
}
"""Conversion of each operator, by its name in ONNX."""
