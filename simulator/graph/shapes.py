"""Shape rules of the canonical operators: functions from input shapes and attributes to output shapes, in elements.

A rule raises OpError with the value that breaks it; ``graph.infer`` adds the layer's name.
"""

from __future__ import annotations

from math import prod

from .attributes import Attributes

Shape = tuple[int, ...]


class OpError(ValueError):
    """An operator applied to shapes or attributes that it does not accept."""


def same_as_input(inputs: tuple[Shape, ...], _a: Attributes) -> tuple[Shape, ...]:
    """The shape of the first input, as of an operator that works element by element."""
    at_least(inputs, 1)
    return (inputs[0],)


def conv2d(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C_in) to (N, H_out, W_out, c_out); groups divide both channel counts."""
    n, h, w, c = rank_4(inputs)
    _positive("c_out", a.c_out)
    _positive("groups", a.groups)
    if c % a.groups or a.c_out % a.groups:
        raise OpError(f"groups {a.groups} must divide C_in {c} and C_out {a.c_out}")
    return ((n, *_windows(h, w, a), a.c_out),)


def dwconv2d(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, H_out, W_out, C x multiplier)."""
    n, h, w, c = rank_4(inputs)
    _positive("multiplier", a.multiplier)
    return ((n, *_windows(h, w, a), c * a.multiplier),)


def conv2d_transpose(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C_in) to (N, H_out, W_out, c_out).

    With a stride above 1 several output sizes are possible: ``sizes`` = (H_out, W_out) states which one is meant.
    """
    n, h, w, c = rank_4(inputs)
    _positive("c_out", a.c_out)
    if c % a.groups or a.c_out % a.groups:
        raise OpError(f"groups {a.groups} must divide C_in {c} and C_out {a.c_out}")
    if a.sizes:
        if len(a.sizes) != 2:
            raise OpError(f"output size {a.sizes} must be (height, width)")
        return ((n, *a.sizes, a.c_out),)
    top, bottom, left, right = a.padding
    h_out = (h - 1) * a.stride[0] + (a.kernel[0] - 1) * a.dilation[0] + 1 - top - bottom
    w_out = (w - 1) * a.stride[1] + (a.kernel[1] - 1) * a.dilation[1] + 1 - left - right
    return ((n, h_out, w_out, a.c_out),)


def dense(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(..., C_in) to (..., c_out)."""
    at_least(inputs, 1)
    _positive("c_out", a.c_out)
    return ((*inputs[0][:-1], a.c_out),)


def matmul(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(..., M, K) and (..., K, N) to (..., M, N), each operand transposed first where its attribute is set."""
    at_least(inputs, 2)
    x, y = inputs[0], inputs[1]
    if len(x) < 2 or len(y) < 2:
        raise OpError(f"operands {x} and {y} must have rank 2 or more")
    m, k = (x[-1], x[-2]) if a.transpose_a else (x[-2], x[-1])
    k2, n = (y[-1], y[-2]) if a.transpose_b else (y[-2], y[-1])
    if k != k2:
        raise OpError(f"inner dimensions differ: {x} gives {k}, {y} gives {k2}")
    return ((*_broadcast(x[:-2], y[:-2]), m, n),)


def pool2d(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, H_out, W_out, C)."""
    n, h, w, c = rank_4(inputs)
    return ((n, *_windows(h, w, a), c),)


def global_pool(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, 1, 1, C), or (N, C) without keepdims."""
    n, _h, _w, c = rank_4(inputs)
    return ((n, 1, 1, c),) if a.keepdims else ((n, c),)


def mean(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The input shape with the reduced ``axes`` at size 1 (keepdims) or left out; no axes means all of them."""
    at_least(inputs, 1)
    shape = inputs[0]
    reduced = {along(shape, x) for x in a.axes} if a.axes else set(range(len(shape)))
    kept = tuple(1 if i in reduced else d for i, d in enumerate(shape) if a.keepdims or i not in reduced)
    return (kept or (1,),)


def broadcast(inputs: tuple[Shape, ...], _a: Attributes) -> tuple[Shape, ...]:
    """The shape to which two or more operands of an element-wise operator broadcast."""
    at_least(inputs, 2)
    shape = inputs[0]
    for other in inputs[1:]:
        shape = _broadcast(shape, other)
    return (shape,)


def concat(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The inputs joined along ``axis``; their other dimensions must be equal."""
    at_least(inputs, 1)
    first = inputs[0]
    axis = along(first, a.axis)
    for other in inputs[1:]:
        if len(other) != len(first) or any(o != f for i, (o, f) in enumerate(zip(other, first)) if i != axis):
            raise OpError(f"cannot join {first} and {other} along axis {axis}")
    return ((*first[:axis], sum(s[axis] for s in inputs), *first[axis + 1 :]),)


def split(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The parts of the input cut along ``axis`` into ``sizes``."""
    at_least(inputs, 1)
    shape = inputs[0]
    axis = along(shape, a.axis)
    if not a.sizes or any(s < 1 for s in a.sizes) or sum(a.sizes) != shape[axis]:
        raise OpError(f"sizes {a.sizes} must be positive and add up to {shape[axis]} (axis {axis} of {shape})")
    return tuple((*shape[:axis], s, *shape[axis + 1 :]) for s in a.sizes)


def slice_(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The block of extent ``sizes`` that starts at ``begin``."""
    at_least(inputs, 1)
    shape = inputs[0]
    if len(a.begin) != len(shape) or len(a.sizes) != len(shape):
        raise OpError(f"begin {a.begin} and size {a.sizes} must have one entry per axis of {shape}")
    if any(b < 0 or s < 1 or b + s > d for b, s, d in zip(a.begin, a.sizes, shape)):
        raise OpError(f"begin {a.begin} with size {a.sizes} leaves {shape}")
    return (tuple(a.sizes),)


def strided_slice(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """Elements ``begin``, ``begin + step``, ... before ``end`` along each axis, or the ``sizes`` a reader resolved."""
    at_least(inputs, 1)
    shape = inputs[0]
    if a.sizes:
        return (tuple(a.sizes),)
    if not len(a.begin) == len(a.end) == len(a.steps) == len(shape) or 0 in a.steps:
        raise OpError(f"begin, end and (non-zero) steps must have one entry per axis of {shape}")
    return (tuple(len(range(*slice(b, e, s).indices(d))) for b, e, s, d in zip(a.begin, a.end, a.steps, shape)),)


def pad(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The input shape with each axis longer by the two ``pads`` (before, after) of that axis."""
    at_least(inputs, 1)
    shape = inputs[0]
    if len(a.pads) != len(shape):
        raise OpError(f"pads {a.pads} must have one pair per axis of {shape}")
    return (tuple(d + before + after for d, (before, after) in zip(shape, a.pads)),)


def reshape(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The shape ``sizes``, which must hold as many elements as the input; one entry may be -1 and is computed."""
    at_least(inputs, 1)
    total, sizes = prod(inputs[0]), a.sizes
    if sizes.count(-1) == 1:
        known = prod(s for s in sizes if s != -1)
        if known < 1 or total % known:
            raise OpError(f"{inputs[0]} cannot be reshaped to {sizes}: no size in place of -1 fits")
        sizes = tuple(total // known if s == -1 else s for s in sizes)
    if not sizes or any(s < 1 for s in sizes) or prod(sizes) != total:
        raise OpError(f"{inputs[0]} has {total} elements, but {sizes} has another number")
    return (sizes,)


def transpose(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The input's dimensions in the order ``axes``."""
    at_least(inputs, 1)
    shape = inputs[0]
    if sorted(a.axes) != list(range(len(shape))):
        raise OpError(f"axes {a.axes} must be a permutation of the axes of {shape}")
    return (tuple(shape[i] for i in a.axes),)


def channel_shuffle(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The input's shape: the channels of ``groups`` groups are interleaved, which must divide their number."""
    at_least(inputs, 1)
    if a.groups < 1 or inputs[0][-1] % a.groups:
        raise OpError(f"groups {a.groups} must divide the {inputs[0][-1]} channels")
    return (inputs[0],)


def resize(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, H_out, W_out, C), where ``sizes`` = (H_out, W_out)."""
    n, _h, _w, c = rank_4(inputs)
    if len(a.sizes) != 2:
        raise OpError(f"target size {a.sizes} must be (height, width)")
    return ((n, *a.sizes, c),)


def _windows(h: int, w: int, a: Attributes) -> tuple[int, int]:
    for label, values in (("kernel", a.kernel), ("stride", a.stride), ("dilation", a.dilation)):
        if len(values) != 2 or min(values) < 1:
            raise OpError(f"{label} {values} must be two positive numbers")
    if len(a.padding) != 4 or min(a.padding) < 0:
        raise OpError(f"padding {a.padding} must be four numbers of at least 0")
    top, bottom, left, right = a.padding
    h_free = h + top + bottom - ((a.kernel[0] - 1) * a.dilation[0] + 1)
    w_free = w + left + right - ((a.kernel[1] - 1) * a.dilation[1] + 1)
    if h_free < 0 or w_free < 0:
        raise OpError(f"kernel {a.kernel} (dilation {a.dilation}) is larger than the padded {h}x{w} input")
    return h_free // a.stride[0] + 1, w_free // a.stride[1] + 1


def _broadcast(x: Shape, y: Shape) -> Shape:
    if x == y:
        return x
    rank = max(len(x), len(y))
    xs, ys = (1,) * (rank - len(x)) + x, (1,) * (rank - len(y)) + y
    if any(p != q and 1 not in (p, q) for p, q in zip(xs, ys)):
        raise OpError(f"shapes {x} and {y} do not broadcast")
    return tuple(q if p == 1 else p for p, q in zip(xs, ys))


def rank_4(inputs: tuple[Shape, ...]) -> Shape:
    """The first input, which must have four dimensions."""
    at_least(inputs, 1)
    if len(inputs[0]) != 4:
        raise OpError(f"input {inputs[0]} must have rank 4 (N, H, W, C)")
    return inputs[0]


def along(shape: Shape, axis: int) -> int:
    """The axis counted from the front. Raises OpError where the shape has none such."""
    if not -len(shape) <= axis < len(shape):
        raise OpError(f"axis {axis} is outside {shape}")
    return axis % len(shape)


def at_least(inputs: tuple[Shape, ...], number: int) -> None:
    """Raise OpError where there are fewer inputs than ``number``."""
    if len(inputs) < number:
        raise OpError(f"needs {number} input{'s' if number > 1 else ''}, has {len(inputs)}")


def _positive(label: str, value: int) -> None:
    if value < 1:
        raise OpError(f"{label} {value} must be at least 1")
