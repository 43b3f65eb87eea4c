"""ONNX operators that search, gather, repeat or regroup elements, converted to canonical layers."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, OnnxState, option, unknown, where


def _argument(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        x = s.plain(n, 0)
        axis, keepdims = option(n, "axis", 0), bool(option(n, "keepdims", 1))
        return s.add(n, op, [x], Attributes(axis=_axis(s, n, x, axis), keepdims=keepdims), plain=True)

    return rule


def _topk(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.plain(n, 0)
    k = option(n, "k", 0) or s.required(n, 1, "k")[0]
    return s.add(n, "topk", [x], Attributes(axis=_axis(s, n, x, option(n, "axis", -1)), sizes=(k,)), plain=True)


def _gather(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    table, axis = s.plain(n, 0), option(n, "axis", 0)
    # A scalar index takes the axis away, a vector of one index keeps it.
    scalar = s.is_constant(n, 1) and s.constant_shape(n, 1) == ()
    found = Attributes(axis=_axis(s, n, table, axis), keepdims=not scalar)
    return s.add(n, "gather", [table, s.plain(n, 1)], found, plain=True)


def _gather_nd(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    if option(n, "batch_dims", 0):
        return unknown(s, n)
    return s.add(n, "gather_nd", [s.plain(n, 0), s.plain(n, 1)], plain=True)


def _repeated(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        file_tensor = s.file_tensors.get(n.outputs[0])
        if file_tensor is None or file_tensor.shape is None:
            raise ReadError(
                f"{where(n)}: its output size is computed while running: export the model with fixed shapes"
            )
        x = s.plain(n, 0)
        if s.builder.shape(x) == file_tensor.shape:
            return s.add(n, "reshape", [x], Attributes(sizes=file_tensor.shape), plain=True)
        return s.add(n, op, [x], Attributes(sizes=file_tensor.shape), plain=True)

    return rule


def _blocks(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        block = option(n, "blocksize", 0)
        if s.image(n) != 4 or block < 1:
            raise ReadError(f"{where(n)}: blocksize {block} on {s.shape(n)}: needs an image and a positive block")
        return s.add(n, op, [s.operand(n, 0)], Attributes(stride=(block, block)))

    return rule


def _along(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _axis(s: OnnxState, n: FileNode, x: int, axis: int) -> int:
    rank = len(s.builder.shape(x))
    if not -rank <= axis < rank:
        raise ReadError(f"{where(n)}: axis {axis} is outside rank {rank}")
    return axis % rank


def _stated(op: str, *operands: int) -> Converter:
    """A layer that reads these operands and whose output has the shape that the file or ONNX's inference states."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        file_tensor = s.file_tensors.get(n.outputs[0])
        if file_tensor is None or file_tensor.shape is None:
            return unknown(s, n)
        inputs = [s.plain(n, place) for place in operands if place < len(n.inputs) and n.inputs[place]]
        return s.add(n, op, inputs, Attributes(sizes=file_tensor.shape or (1,)), plain=True)

    return rule


def _grid_sample(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    target = s.stated(n.outputs[0])
    if target is None:
        return unknown(s, n)
    return s.add(n, "grid_sample", [s.operand(n, 0), s.plain(n, 1)], Attributes(sizes=target))


SELECTIONS: dict[str, Converter] = {
    "ArgMax": _argument("argmax"),
    "ArgMin": _argument("argmin"),
    "TopK": _topk,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Tile": _repeated("tile"),
    "Expand": _repeated("expand"),
    "DepthToSpace": _blocks("depth_to_space"),
    "SpaceToDepth": _blocks("space_to_depth"),
    "LRN": _along("lrn"),
    "LpNormalization": _along("l2_norm"),
    "LogSoftmax": _along("log_softmax"),
    "CumSum": _along("cumsum"),
    "CumProd": _along("cumsum"),
    "Hardmax": _along("log_softmax"),
    "ReverseSequence": _along("reverse"),
    "Trilu": _along("copy"),
    "GatherElements": _stated("gather_nd", 0, 1),
    "ScatterND": _stated("scatter_nd", 0, 1, 2),
    "ScatterElements": _stated("scatter_nd", 0, 1, 2),
    "Scatter": _stated("scatter_nd", 0, 1, 2),
    "TensorScatter": _stated("scatter_nd", 0, 1),
    "OneHot": _stated("one_hot", 0),
    "ConstantOfShape": _stated("fill", 0),
    "Range": _stated("fill", 0),
    "EyeLike": _stated("fill", 0),
    "RandomNormalLike": _stated("fill", 0),
    "RandomUniformLike": _stated("fill", 0),
    "Bernoulli": _stated("fill", 0),
    "GridSample": _grid_sample,
    "RoiAlign": _grid_sample,
    "MaxRoiPool": _grid_sample,
    "AffineGrid": _stated("grid_sample", 0),
    "CenterCropPad": _stated("fill", 0),
}
"""Conversion of each operator, by its name in ONNX."""
