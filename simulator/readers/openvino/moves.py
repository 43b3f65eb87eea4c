"""OpenVINO's operators that move, select and reduce, restated as those of ONNX."""

from __future__ import annotations

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .contents import Contents
from .document import IrLayer
from .rules import Rule


def _first(op: str) -> Rule:
    """An operator whose output shape says all that its further operands say."""
    return lambda found, layer: [found.node(layer, op, found.inputs(layer)[:1])]


_PILLOW = {"bilinear_pillow": "linear", "bicubic_pillow": "cubic"}


def _interpolate(found: Contents, layer: IrLayer) -> list[FileNode]:
    mode = layer.text("mode")
    return [found.node(layer, "Resize", found.inputs(layer)[:1], mode=_PILLOW.get(mode, mode))]


def _concat(found: Contents, layer: IrLayer) -> list[FileNode]:
    return [found.node(layer, "Concat", axis=layer.number("axis", 0))]


def _softmax(found: Contents, layer: IrLayer) -> list[FileNode]:
    return [found.node(layer, "Softmax", axis=layer.number("axis", 1))]


def _split(found: Contents, layer: IrLayer) -> list[FileNode]:
    (axis,) = found.integers(layer, 1, "axis") or (0,)
    names = tuple(found.names[layer.id, port.id] for port in layer.outputs)
    return [FileNode(layer.name, "Split", found.inputs(layer)[:1], names, {"axis": axis})]


def _transpose(found: Contents, layer: IrLayer) -> list[FileNode]:
    """No order means the reverse of all axes."""
    return [found.node(layer, "Transpose", found.inputs(layer)[:1], perm=found.integers(layer, 1, "order of the axes"))]


def _pad(found: Contents, layer: IrLayer) -> list[FileNode]:
    pads = (*found.integers(layer, 1, "paddings before"), *found.integers(layer, 2, "paddings after"))
    return [found.node(layer, "Pad", found.inputs(layer)[:1], pads=pads)]


def _reduction(op: str) -> Rule:
    """A reduction; one of all pixels that keeps the axes is a global pooling, for which OpenVINO has no operator."""
    whole = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}

    def rule(found: Contents, layer: IrLayer) -> list[FileNode]:
        x = found.inputs(layer)[:1]
        shape, keepdims = found.shape(x[0], layer), layer.flag("keep_dims")
        axes = found.integers(layer, 1, "axes")
        if any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise ReadError(f"{layer.where}: axes {axes} are outside of {shape}: save the model again")
        pixels = len(shape) == 4 and {axis % 4 for axis in axes} == {2, 3}
        if op in whole and pixels and keepdims:
            return [found.node(layer, whole[op], x)]
        return [found.node(layer, op, x, axes=axes, keepdims=int(keepdims))]

    return rule


def _gather(found: Contents, layer: IrLayer) -> list[FileNode]:
    (axis,) = found.integers(layer, 2, "axis") or (0,)
    return [found.node(layer, "Gather", found.inputs(layer)[:2], axis=axis)]


def _slice(found: Contents, layer: IrLayer) -> list[FileNode]:
    """OpenVINO states the steps before the axes, ONNX behind them."""
    names = found.inputs(layer)
    x, start, stop, step, axes = (*names, "", "")[:5]
    return [found.node(layer, "Slice", (x, start, stop, axes, step))]


def _strided_slice(found: Contents, layer: IrLayer) -> list[FileNode]:
    """The elements that its output has; where axes go or come, in two steps."""
    x = found.inputs(layer)[0]
    begins, ends = layer.numbers("begin_mask"), layer.numbers("end_mask")
    masks = [layer.numbers(f"{name}_mask") for name in ("new_axis", "shrink_axis", "ellipsis")]
    new, shrunk, ellipsis = masks
    shape = found.shape(x, layer)
    if any(new) or any(ellipsis) or any(name not in found.values for name in found.inputs(layer)[1:]):
        return [found.node(layer, "StridedSlice", (x,))]
    begin, end = found.integers(layer, 1, "begin"), found.integers(layer, 2, "end")
    steps = found.integers(layer, 3, "strides") if len(layer.inputs) > 3 else (1,) * len(begin)
    if not len(begin) == len(end) == len(steps) <= len(shape) or 0 in steps:
        raise ReadError(f"{layer.where}: begin {begin}, end {end}, strides {steps} do not fit {shape}")
    starts, stops, sizes = [], [], list(shape)
    for axis, (first, last, step) in enumerate(zip(begin, end, steps)):
        free, until = axis < len(begins) and begins[axis] == 1, axis < len(ends) and ends[axis] == 1
        one = axis < len(shrunk) and shrunk[axis] == 1
        low = None if free else first
        high = None if until else last
        taken = range(*slice(low, high, step).indices(shape[axis]))
        taken = range(first % shape[axis], first % shape[axis] + 1) if one else taken
        starts.append(taken.start)
        stops.append(taken.stop if taken.stop >= 0 else -shape[axis] - 1)
        sizes[axis] = len(taken)
    options = {"starts": tuple(starts), "ends": tuple(stops), "steps": steps}
    if not any(shrunk):
        return [found.node(layer, "Slice", (x,), **options)]
    part = found.between(layer, "part", tuple(sizes))
    return [
        FileNode(f"{layer.name}/part", "Slice", (x,), (part,), options),
        found.node(layer, "Reshape", (part,)),
    ]


def _topk(found: Contents, layer: IrLayer) -> list[FileNode]:
    (k,) = found.integers(layer, 1, "k") or (1,)
    names = tuple(found.names[layer.id, port.id] for port in layer.outputs)
    options = {"axis": layer.number("axis", -1), "k": k}
    return [FileNode(layer.name, "TopK", found.inputs(layer)[:1], names, options)]


def _shuffle(found: Contents, layer: IrLayer) -> list[FileNode]:
    """Only along the channels is it the canonical operator."""
    if layer.number("axis", 1) != 1 or len(found.shape(found.inputs(layer)[0], layer)) != 4:
        return [found.node(layer, "ShuffleChannels")]
    return [found.node(layer, "ChannelShuffle", groups=layer.number("group", 1))]


def _blocks(op: str) -> Rule:
    return lambda found, layer: [found.node(layer, op, blocksize=layer.number("block_size", 1))]


MOVES: dict[str, Rule] = {
    **{name: _first(name) for name in ("Reshape", "Squeeze", "Unsqueeze", "Tile")},
    "Broadcast": _first("Expand"),
    "Interpolate": _interpolate,
    "Concat": _concat,
    **dict.fromkeys(("Softmax", "SoftMax"), _softmax),
    "Split": _split,
    "VariadicSplit": _split,
    "Transpose": _transpose,
    "Pad": _pad,
    **{name: _reduction(name) for name in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd")},
    "Gather": _gather,
    "Slice": _slice,
    "StridedSlice": _strided_slice,
    "TopK": _topk,
    "ShuffleChannels": _shuffle,
    "DepthToSpace": _blocks("DepthToSpace"),
    "SpaceToDepth": _blocks("SpaceToDepth"),
}
"""The restatement of each operator, by its name in OpenVINO."""
