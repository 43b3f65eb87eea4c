"""ONNX operators over windows of one, two or three axes, converted to canonical layers.

A window along one axis is one of height 1.
"""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, OnnxState, option, unknown, where

Sides = tuple[int, int, int, int]


def conv(weights: int) -> Converter:
    """The conversion of a convolution whose filters are the operand at position ``weights``."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        image, filters = s.image(n), _filters(s, n, weights)
        if not image or filters is None:
            return unknown(s, n)
        if len(filters) != image:
            raise ReadError(f"{where(n)}: filter {filters} on {s.shape(n)}: both must have {image - 2} spatial axes")
        c_out, c_filter, c_in, groups = filters[0], filters[1], s.shape(n)[-1], option(n, "group", 1)
        if groups < 1 or c_filter * groups != c_in:
            raise ReadError(f"{where(n)}: {groups} groups of {c_filter} channels, but the input has {c_in}")
        operands = [s.operand(n, 0)] if s.is_constant(n, weights) else [s.operand(n, 0), s.operand(n, weights)]
        if image == 5:
            return _conv3d(s, n, filters, groups)
        attributes = window(n, s.shape(n), filters[2:])
        if groups == c_in > 1 and c_out % c_in == 0:
            return s.add(n, "dwconv2d", operands, attributes._replace(multiplier=c_out // c_in))
        return s.add(n, "conv2d", operands, attributes._replace(c_out=c_out, groups=groups))

    return rule


def _filters(s: OnnxState, n: FileNode, position: int) -> Shape | None:
    """The shape of the filters, which a runtime may compute while it runs; None where it is not known."""
    file_tensor = s.file_tensors.get(s.name(n, position))
    return None if file_tensor is None else file_tensor.shape


def _conv3d(s: OnnxState, n: FileNode, filters: Shape, groups: int) -> tuple[int, ...]:
    target = s.stated(n.outputs[0])
    if target is None:
        return unknown(s, n)
    attributes = Attributes(c_out=filters[0], groups=groups, steps=filters[2:], sizes=target[1:4])
    return s.add(n, "conv3d", [s.operand(n, 0)], attributes)


def _conv_transpose(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    target, filters, image = s.stated(n.outputs[0]), _filters(s, n, 1), s.image(n)
    if target is None or filters is None or image not in (3, 4):
        return unknown(s, n)
    groups = option(n, "group", 1)
    if len(filters) != image or filters[0] != s.shape(n)[-1]:
        raise ReadError(f"{where(n)}: filter {filters} does not fit the input {s.shape(n)}")
    attributes = window(n, target, filters[2:])._replace(c_out=filters[1] * groups, groups=groups, sizes=target[1:3])
    return s.add(n, "conv2d_transpose", [s.operand(n, 0)], attributes)


def pool(op: str) -> Converter:
    """The conversion of a pooling over windows."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if s.image(n) not in (3, 4) or len([name for name in n.outputs if name]) != 1:
            return unknown(s, n)
        shape, attributes = s.shape(n), window(n, s.shape(n), option(n, "kernel_shape", ()))
        whole = op == "avgpool2d" and attributes.kernel == shape[1:3] and not any(attributes.padding)
        name, attributes = ("globalavgpool2d", Attributes(keepdims=True)) if whole else (op, attributes)
        return s.add(n, name, [s.operand(n, 0)], attributes)

    return rule


def global_pool(op: str) -> Converter:
    """The conversion of a pooling over whole images."""

    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if s.image(n) not in (3, 4):
            return unknown(s, n)
        return s.add(n, op, [s.operand(n, 0)], Attributes(keepdims=True))

    return rule


def window(n: FileNode, shape: Shape, kernel: tuple[int, ...]) -> Attributes:
    """Attributes of an operator over windows; ``ceil_mode`` becomes padding at the end, as shape rules round down.

    ``shape`` is that of the image as the graph stores it, ``kernel`` that of the window in the file.
    """
    axes = len(kernel)
    stride = option(n, "strides", ()) or (1,) * axes
    dilation = option(n, "dilations", ()) or (1,) * axes
    if axes not in (1, 2) or not axes == len(stride) == len(dilation) or min(*kernel, *stride, *dilation) < 1:
        raise ReadError(
            f"{where(n)}: kernel {kernel}, stride {stride}, dilation {dilation}: each must be one or two positive "
            "numbers, as many as the image has axes"
        )
    k, st, d = _high(kernel), _high(stride), _high(dilation)
    padding = _padding(n, axes, shape, k, st, d)
    if option(n, "ceil_mode", 0):
        top, bottom, left, right = padding
        reach = [(size - 1) * by + 1 for size, by in zip(k, d)]
        bottom += _to_ceil(shape[1] + top + bottom - reach[0], st[0], shape[1] + top)
        right += _to_ceil(shape[2] + left + right - reach[1], st[1], shape[2] + left)
        padding = (top, bottom, left, right)
    return Attributes(kernel=k, stride=st, dilation=d, padding=padding)


def _high(sizes: tuple[int, ...]) -> tuple[int, int]:
    return (1, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1])


def _padding(
    n: FileNode, axes: int, shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Sides:
    mode = option(n, "auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        top, bottom, left, right = same_padding(shape[1], shape[2], kernel, stride, dilation)
        return (top, bottom, left, right) if mode == "SAME_UPPER" else (bottom, top, right, left)
    pads = option(n, "pads", ()) or (0,) * (2 * axes)
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode != "NOTSET" or len(pads) != 2 * axes:
        raise ReadError(f"{where(n)}: padding {pads} ({mode}): {axes} axes need {2 * axes} numbers")
    return (0, 0, pads[0], pads[1]) if axes == 1 else (pads[0], pads[2], pads[1], pads[3])


def _to_ceil(free: int, stride: int, before_end: int) -> int:
    """Elements of padding with which the last, incomplete window counts; 0 where it would start in the end padding."""
    missing = -free % stride
    return 0 if (free + missing) // stride * stride >= before_end else missing


WINDOWS: dict[str, Converter] = {
    "Conv": conv(1),
    "ConvInteger": conv(1),
    "QLinearConv": conv(3),
    "ConvTranspose": _conv_transpose,
    "AveragePool": pool("avgpool2d"),
    "MaxPool": pool("maxpool2d"),
    "GlobalAveragePool": global_pool("globalavgpool2d"),
    "GlobalMaxPool": global_pool("globalmaxpool2d"),
}
"""Conversion of each operator, by its name in ONNX."""
