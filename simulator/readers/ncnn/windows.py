"""ncnn layers over windows: convolutions, transposed ones and pooling."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.readers.errors import ReadError

from .activations import activated
from .state import Blob, Converter, NcnnState
from .text import NcnnLayer

_SAME_UPPER, _SAME_LOWER = -233, -234
"""Values of pad_left by which ncnn asks for TensorFlow's padding and ONNX's SAME_LOWER."""


def _pair(n: NcnnLayer, wide: int, high: int, default: int) -> tuple[int, int]:
    """(height, width) of a quantity whose height is by default its width."""
    width = n.whole(wide, default)
    size = n.whole(high, width), width
    if min(size) < 1:
        raise ReadError(f"{n.where}: parameters {wide} and {high} are {size}: both must be at least 1")
    return size


def _sides(n: NcnnLayer, left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    """(top, bottom, left, right); the top is by default the left, and the bottom the top."""
    at_left = n.whole(left)
    at_top = n.whole(top, at_left)
    return at_top, n.whole(bottom, at_top), at_left, n.whole(right, at_left)


def _window(n: NcnnLayer, h: int, w: int) -> Attributes:
    kernel, stride, dilation = _pair(n, 1, 11, 1), _pair(n, 3, 13, 1), _pair(n, 2, 12, 1)
    padding = _sides(n, 4, 14, 15, 16)
    if padding[2] in (_SAME_UPPER, _SAME_LOWER):
        top, bottom, left, right = same_padding(h, w, kernel, stride, dilation)
        padding = (top, bottom, left, right) if padding[2] == _SAME_UPPER else (bottom, top, right, left)
    return Attributes(kernel=kernel, stride=stride, dilation=dilation, padding=padding)


def _convolution(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, c_out, groups = s.image(n), n.whole(0), n.whole(7, 1)
    c, h, w = x.shape
    attributes = _window(n, h, w)
    if groups < 1 or c % groups or c_out < 1 or c_out % groups:
        raise ReadError(f"{n.where}: {groups} groups do not divide {c} input and {c_out} output channels")
    weights, taps = n.whole(6), attributes.kernel[0] * attributes.kernel[1]
    if weights and weights != taps * c // groups * c_out:
        raise ReadError(f"{n.where}: {weights} weights do not fit {c} channels, {c_out} filters of {attributes.kernel}")
    if groups == c > 1:
        found = s.add(n, "dwconv2d", [x.tensor], attributes._replace(multiplier=c_out // c))
    else:
        found = s.add(n, "conv2d", [x.tensor], attributes._replace(c_out=c_out, groups=groups))
    return (activated(s, n, found),)


def _deconvolution(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, c_out, groups = s.image(n), n.whole(0), n.whole(7, 1)
    _, h, w = x.shape
    a = _window(n, h, w)
    below, beside = n.whole(19, n.whole(18)), n.whole(18)
    top, bottom, left, right = a.padding if n.whole(4) >= 0 else (0, 0, 0, 0)
    reach = [(size - 1) * by + 1 for size, by in zip(a.kernel, a.dilation)]
    sizes = (
        n.whole(21, n.whole(20)) or (h - 1) * a.stride[0] + reach[0] + below - top - bottom,
        n.whole(20) or (w - 1) * a.stride[1] + reach[1] + beside - left - right,
    )
    found = s.add(n, "conv2d_transpose", [x.tensor], a._replace(c_out=c_out, groups=groups, sizes=sizes))
    return (activated(s, n, found),)


def _convolution_1d(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """Rows are channels and columns positions; in the graph the positions of one row of an image."""
    x, c_out, groups = s.blob(n), n.whole(0), n.whole(7, 1)
    if len(x.shape) != 2:
        raise ReadError(f"{n.where}: reads a blob of shape {x.shape}: it needs (h, w)")
    channels, length = x.shape
    turned = s.builder.layer("transpose", x.tensor, name=f"{n.name}/turned", axes=(0, 2, 1))
    image = s.builder.layer("reshape", turned, name=f"{n.name}/image", sizes=(1, 1, length, channels))
    left = n.whole(4)
    kernel, stride, dilation = (1, n.whole(1, 1)), (1, n.whole(3, 1)), (1, n.whole(2, 1))
    padding = (0, 0, left, n.whole(15, left))
    if left in (_SAME_UPPER, _SAME_LOWER):
        padding = same_padding(1, length, kernel, stride, dilation)
    attributes = Attributes(kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    attributes = attributes._replace(c_out=c_out, groups=groups)
    found = activated(s, n, s.add(n, "conv2d", [image], attributes))
    c, _, w = found.shape
    flat = s.builder.layer("reshape", found.tensor, name=f"{n.name}/flat", sizes=(1, w, c))
    return (s.add(n, "transpose", [flat], Attributes(axes=(0, 2, 1)), "/rows"),)


def _pooling(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.image(n)
    c, h, w = x.shape
    op = "avgpool2d" if n.whole(0) == 1 else "maxpool2d"
    if n.whole(4):
        pooled = s.add(n, f"global{op}", [x.tensor], Attributes())
        return (Blob(pooled.tensor, (c,)),)
    if n.whole(7):
        sizes = n.whole(18, n.whole(8)), n.whole(8)
        if min(sizes) < 1 or h % sizes[0] or w % sizes[1]:
            raise ReadError(f"{n.where}: an adaptive pooling of {h}x{w} to {sizes} has windows of several sizes")
        kernel = h // sizes[0], w // sizes[1]
        return (s.add(n, op, [x.tensor], Attributes(kernel=kernel, stride=kernel)),)
    kernel, stride = _pair(n, 1, 11, 1), _pair(n, 2, 12, 1)
    mode = n.whole(5)
    if mode in (2, 3):
        padding = same_padding(h, w, kernel, stride, (1, 1))
    else:
        top, bottom, left, right = _sides(n, 3, 13, 14, 15)
        if mode == 0:
            # Full padding: the last, incomplete window counts.
            bottom += -(h + top + bottom - kernel[0]) % stride[0]
            right += -(w + left + right - kernel[1]) % stride[1]
        padding = (top, bottom, left, right)
    return (s.add(n, op, [x.tensor], Attributes(kernel=kernel, stride=stride, padding=padding)),)


WINDOWS: dict[str, Converter] = {
    "Convolution": _convolution,
    "ConvolutionDepthWise": _convolution,
    "Deconvolution": _deconvolution,
    "DeconvolutionDepthWise": _deconvolution,
    "Convolution1D": _convolution_1d,
    "ConvolutionDepthWise1D": _convolution_1d,
    "Pooling": _pooling,
}
"""Conversion of each layer, by its type in ncnn."""
