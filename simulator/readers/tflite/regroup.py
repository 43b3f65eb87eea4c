"""TFLite operators that gather, repeat or regroup elements, converted to canonical layers."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, TfliteState


def _gather(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """A single index that the file states without dimensions takes its axis away; one in a list keeps it."""
    shared, stated = s.option(n, 1), s.stated(n)
    keep = bool(stated) and len(stated[0]) == len(s.input_shape(n))
    attributes = Attributes(axis=s.option(n, 0), groups=shared + 1, keepdims=keep)
    return s.add(n, "gather", [s.operand(n, 0), s.operand(n, 1)], attributes)


def _embedding(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "gather", [s.operand(n, 1), s.operand(n, 0)], Attributes(axis=0, keepdims=True))


def _gather_nd(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "gather_nd", [s.operand(n, 0), s.operand(n, 1)])


def _as_stated(op: str, *operands: int) -> Converter:
    """A rule for an operator whose output size the file must state; ``operands`` are those that it reads."""

    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        stated = s.stated(n)
        if not stated:
            raise ReadError(
                f"node '{n.name}' ({n.op}): its output size is computed while running: export with fixed shapes"
            )
        return s.add(n, op, [s.operand(n, i) for i in operands], Attributes(sizes=stated[0]))

    return rule


def _tile(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    shape, times = s.input_shape(n), s.required(n, 1, "multiples")
    if len(times) != len(shape) or min(times) < 1:
        raise ReadError(f"node '{n.name}' ({n.op}): {times} must repeat each axis of {shape} at least once")
    return s.add(n, "tile", [s.operand(n, 0)], Attributes(sizes=tuple(d * t for d, t in zip(shape, times))))


def _expand(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "expand", [s.operand(n, 0)], Attributes(sizes=s.required(n, 1, "shape")))


def _pack(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    operands = [s.operand(n, i) for i in range(len(n.inputs))]
    stated = s.stated(n)
    if stated and stated[0] == (len(operands),):
        return s.add(n, "concat", operands, Attributes(axis=0))
    return s.add(n, "pack", operands, Attributes(axis=s.option(n, 1)))


def _unpack(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    shape, axis = s.input_shape(n), s.option(n, 1)
    if not -len(shape) <= axis < len(shape) or shape[axis] != len(n.outputs):
        raise ReadError(f"node '{n.name}' ({n.op}): {shape} has not {len(n.outputs)} slices along axis {axis}")
    return s.add(n, "unpack", [s.operand(n, 0)], Attributes(axis=axis))


def _reverse(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "reverse", [s.operand(n, 0)], Attributes(axes=s.numbers(n, 1) or ()))


def _blocks(op: str) -> Converter:
    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        block = s.option(n, 0)
        if block < 1:
            raise ReadError(f"node '{n.name}' ({n.op}): blocks of {block} must be at least 1: damaged")
        return s.add(n, op, [s.operand(n, 0)], Attributes(stride=(block, block)))

    return rule


def _batches(op: str) -> Converter:
    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        steps, flat = s.required(n, 1, "blocks"), s.required(n, 2, "borders")
        return s.add(n, op, [s.operand(n, 0)], Attributes(steps=steps, pads=tuple(zip(flat[::2], flat[1::2]))))

    return rule


REGROUP: dict[str, Converter] = {
    "GATHER": _gather,
    "EMBEDDING_LOOKUP": _embedding,
    "GATHER_ND": _gather_nd,
    "SCATTER_ND": _as_stated("scatter_nd", 1, 0),
    "DYNAMIC_UPDATE_SLICE": _as_stated("scatter_nd", 0, 1),
    "ONE_HOT": _as_stated("one_hot", 0),
    "FILL": _as_stated("fill", 1),
    "TILE": _tile,
    "BROADCAST_TO": _expand,
    "PACK": _pack,
    "UNPACK": _unpack,
    "REVERSE_V2": _reverse,
    "REVERSE_SEQUENCE": _reverse,
    "DEPTH_TO_SPACE": _blocks("depth_to_space"),
    "SPACE_TO_DEPTH": _blocks("space_to_depth"),
    "SPACE_TO_BATCH_ND": _batches("space_to_batch"),
    "BATCH_TO_SPACE_ND": _batches("batch_to_space"),
    "MaxUnpooling2D": _as_stated("scatter_nd", 0, 1),
    "TransformTensorBilinear": _as_stated("grid_sample", 0, 1),
    "Landmarks2TransformMatrix": _as_stated("landmarks_to_matrix", 0),
}
"""Conversion of each operator, by its name in the TFLite schema, or in MediaPipe for a custom one."""
