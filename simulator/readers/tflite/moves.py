"""TFLite operators that move or reduce data, converted to canonical layers; small stored operands fix their shapes."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, TfliteState


def _split(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    axis, shape, count = s.required(n, 0, "axis")[0], s.input_shape(n, 1), len(n.outputs)
    if not -len(shape) <= axis < len(shape) or shape[axis] % count:
        raise ReadError(f"node '{n.name}' (SPLIT): {shape} does not divide into {count} along axis {axis}")
    return s.add(n, "split", [s.operand(n, 1)], Attributes(axis=axis, sizes=(shape[axis] // count,) * count))


def _split_v(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    sizes, axis = s.required(n, 1, "sizes"), s.required(n, 2, "axis")[0]
    shape = s.input_shape(n)
    if sizes.count(-1) == 1 and -len(shape) <= axis < len(shape):
        sizes = tuple(shape[axis] - sum(sizes) - 1 if size == -1 else size for size in sizes)
    return s.add(n, "split", [s.operand(n, 0)], Attributes(axis=axis, sizes=sizes))


def _slice(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    begin, size, shape = s.required(n, 1, "starts"), s.required(n, 2, "sizes"), s.input_shape(n)
    sizes = tuple(d - b if z == -1 else z for b, z, d in zip(begin, size, shape))
    if 0 in sizes:
        return s.nothing(n)
    return s.add(n, "slice", [s.operand(n, 0)], Attributes(begin=begin, sizes=sizes))


def _strided_slice(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    shape = s.input_shape(n)
    begin, end, steps = (s.numbers(n, i) for i in (1, 2, 3))
    masks = [s.option(n, field) for field in range(5)]
    plain = not masks[2] and not masks[3] and not s.option(n, 5, "?")
    if begin is None or end is None or steps is None or not plain:
        return _as_stated(s, n, "strided_slice")
    if not len(begin) == len(end) == len(steps) <= len(shape) or 0 in steps:
        raise ReadError(f"node '{n.name}' (STRIDED_SLICE): {begin} to {end} by {steps} does not fit {shape}")
    # Axes behind those that are stated are taken whole.
    whole = shape[len(begin) :]
    begin, end, steps = (*begin, *(0 for _ in whole)), (*end, *whole), (*steps, *(1 for _ in whole))
    ranges = [
        _range(shape[i], begin[i], end[i], steps[i], [bool(mask >> i & 1) for mask in masks]) for i in range(len(shape))
    ]
    sizes = tuple(len(r) for i, r in enumerate(ranges) if not masks[4] >> i & 1)
    attributes = Attributes(
        begin=tuple(r.start for r in ranges), end=tuple(r.stop for r in ranges), steps=steps, sizes=sizes or (1,)
    )
    return s.add(n, "strided_slice", [s.operand(n, 0)], attributes)


def _range(size: int, begin: int, end: int, step: int, masks: list[bool]) -> range:
    """The positions that are taken along one axis.

    ``masks`` are that axis's bits of the masks for an open begin, an open end, two that are not supported, and a single
    element.
    """
    if masks[4]:
        start = begin + size if begin < 0 else begin
        return range(start, start + 1)
    return range(*slice(None if masks[0] else begin, None if masks[1] else end, step).indices(size))


def _concat(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    operands = [s.operand(n, i) for i in range(len(n.inputs)) if not s.is_empty(n, i)]
    return s.add(n, "concat", operands, Attributes(axis=s.option(n, 0)), fused=1)


def _as_stated(s: TfliteState, n: FileNode, op: str) -> tuple[int, ...]:
    stated = s.stated(n)
    if not stated:
        raise ReadError(
            f"node '{n.name}' ({n.op}): its output size is computed while running: export with fixed shapes"
        )
    return s.add(n, op, [s.operand(n, 0)], Attributes(sizes=stated[0]))


def _pad(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    flat = s.required(n, 1, "paddings")
    return s.add(n, "pad", [s.operand(n, 0)], Attributes(pads=tuple(zip(flat[::2], flat[1::2]))))


def _reshape(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    sizes = s.numbers(n, 1) or (n.options.integers(0) if n.options else None)
    if not sizes:
        return _as_stated(s, n, "reshape")
    return s.add(n, "reshape", [s.operand(n, 0)], Attributes(sizes=sizes))


def _squeeze(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    shape = s.input_shape(n)
    axes = (n.options.integers(0) if n.options else None) or [i for i, size in enumerate(shape) if size == 1]
    dropped = {axis % len(shape) for axis in axes}
    sizes = tuple(size for i, size in enumerate(shape) if i not in dropped)
    return s.add(n, "reshape", [s.operand(n, 0)], Attributes(sizes=sizes or (1,)))


def _expand_dims(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    shape, axis = s.input_shape(n), s.required(n, 1, "axis")[0]
    place = axis % (len(shape) + 1)
    return s.add(n, "reshape", [s.operand(n, 0)], Attributes(sizes=(*shape[:place], 1, *shape[place:])))


def _transpose(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    rank = len(s.input_shape(n))
    axes = tuple(axis + rank if axis < 0 else axis for axis in s.required(n, 1, "axes"))
    return s.add(n, "transpose", [s.operand(n, 0)], Attributes(axes=axes))


def _resize(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    sizes = s.numbers(n, 1) or (s.stated(n) or ((),))[0][1:3]
    if not sizes:
        raise ReadError(
            f"node '{n.name}' ({n.op}): its target size is computed while running: export with fixed shapes"
        )
    mode = "nearest" if n.op == "RESIZE_NEAREST_NEIGHBOR" else "linear"
    return s.add(n, "resize", [s.operand(n, 0)], Attributes(sizes=sizes, interpolation=mode))


MOVES: dict[str, Converter] = {
    "CONCATENATION": _concat,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims,
    "TRANSPOSE": _transpose,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
}
"""Conversion of each operator, by its name in the TFLite schema."""
