"""Shape rules of operators that gather, repeat or regroup elements; the contract is that of ``shapes``."""

from __future__ import annotations

from math import prod

from .attributes import Attributes
from .shapes import OpError, Shape, along, at_least, pool2d, rank_4


def argument(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The input without ``axis``, or with its size 1 (keepdims): the position that was found along it."""
    at_least(inputs, 1)
    shape = inputs[0]
    axis = along(shape, a.axis)
    kept = (*shape[:axis], *((1,) if a.keepdims else ()), *shape[axis + 1 :])
    return (kept or (1,),)


def topk(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The largest ``sizes`` = (k,) elements along ``axis``, and their positions."""
    at_least(inputs, 1)
    shape = inputs[0]
    axis = along(shape, a.axis)
    if len(a.sizes) != 1 or not 1 <= a.sizes[0] <= shape[axis]:
        raise OpError(f"k {a.sizes} must be one number between 1 and {shape[axis]} (axis {axis} of {shape})")
    found = (*shape[:axis], *a.sizes, *shape[axis + 1 :])
    return found, found


def gather(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The slices of the first input along ``axis`` that the second one names.

    The first ``groups`` - 1 axes are shared. A single index takes the axis away, unless ``keepdims``.
    """
    at_least(inputs, 2)
    shape, indices, shared = inputs[0], inputs[1], a.groups - 1
    axis = along(shape, a.axis)
    if not 0 <= shared <= min(axis, len(indices)) or shape[:shared] != indices[:shared]:
        raise OpError(f"operands {shape} and {indices} do not share their first {shared} axes")
    rest = indices[shared:]
    if rest == (1,) and not a.keepdims:
        rest = ()
    return ((*shape[:axis], *rest, *shape[axis + 1 :]) or (1,),)


def gather_nd(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The slices of the first input that each row of the second one, a list of leading positions, names.

    Where each position names one element along an axis, ``sizes`` is the shape of the positions.
    """
    at_least(inputs, 2)
    if a.sizes:
        return (a.sizes,)
    shape, indices = inputs[0], inputs[1]
    if indices[-1] > len(shape):
        raise OpError(f"rows of {indices[-1]} positions are longer than the rank of {shape}")
    return ((*indices[:-1], *shape[indices[-1] :]) or (1,),)


def stated(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The shape ``sizes``, which a file states or a reader resolved."""
    at_least(inputs, 1)
    if not a.sizes:
        raise OpError("its output size must be stated")
    return (a.sizes,)


def tile(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The shape ``sizes``, into which the input fits a whole number of times along each axis."""
    at_least(inputs, 1)
    shape = (1,) * (len(a.sizes) - len(inputs[0])) + inputs[0]
    if len(shape) != len(a.sizes) or any(size < 1 or size % d for d, size in zip(shape, a.sizes)):
        raise OpError(f"{inputs[0]} does not fit {a.sizes} a whole number of times")
    return (a.sizes,)


def pack(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The inputs, which have equal shapes, side by side along a new ``axis``."""
    at_least(inputs, 1)
    first = inputs[0]
    if any(other != first for other in inputs):
        raise OpError(f"cannot stack inputs of the shapes {sorted(set(inputs))}")
    axis = along((*first, 1), a.axis)
    return ((*first[:axis], len(inputs), *first[axis:]),)


def unpack(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The slices of the input along ``axis``, which they lose."""
    at_least(inputs, 1)
    shape = inputs[0]
    axis = along(shape, a.axis)
    return ((*shape[:axis], *shape[axis + 1 :]) or (1,),) * shape[axis]


def depth_to_space(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, H b, W b, C / b^2), where ``stride`` = (b, b) is the block."""
    n, h, w, c = rank_4(inputs)
    block_h, block_w = a.stride
    if c % (block_h * block_w):
        raise OpError(f"blocks of {block_h}x{block_w} must divide the {c} channels")
    return ((n, h * block_h, w * block_w, c // (block_h * block_w)),)


def space_to_depth(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, H, W, C) to (N, H / b, W / b, C b^2), where ``stride`` = (b, b) is the block."""
    n, h, w, c = rank_4(inputs)
    block_h, block_w = a.stride
    if h % block_h or w % block_w:
        raise OpError(f"blocks of {block_h}x{block_w} must divide the {h}x{w} input")
    return ((n, h // block_h, w // block_w, c * block_h * block_w),)


def space_to_batch(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The axes behind the batch, longer by ``pads``, cut into blocks of ``steps``; each place in a block is a batch."""
    at_least(inputs, 1)
    shape, axes = inputs[0], len(a.steps)
    if not 0 < axes < len(shape) or len(a.pads) != axes:
        raise OpError(f"blocks {a.steps} and paddings {a.pads} do not fit {shape}")
    padded = tuple(d + sum(pad) for d, pad in zip(shape[1:], a.pads))
    if any(step < 1 or d % step for d, step in zip(padded, a.steps)):
        raise OpError(f"blocks {a.steps} do not divide the padded axes {padded}")
    blocks = tuple(d // step for d, step in zip(padded, a.steps))
    return ((shape[0] * prod(a.steps), *blocks, *shape[1 + axes :]),)


def batch_to_space(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The inverse of ``space_to_batch``; ``pads`` are cropped from the axes behind the batch."""
    at_least(inputs, 1)
    shape, axes = inputs[0], len(a.steps)
    if not 0 < axes < len(shape) or len(a.pads) != axes or min(a.steps) < 1 or shape[0] % prod(a.steps):
        raise OpError(f"blocks {a.steps} and crops {a.pads} do not fit {shape}")
    sizes = tuple(d * step - sum(crop) for d, step, crop in zip(shape[1:], a.steps, a.pads))
    return ((shape[0] // prod(a.steps), *sizes, *shape[1 + axes :]),)


def conv3d(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(N, D, H, W, C_in) to (N, *sizes, c_out), where ``sizes`` = (D_out, H_out, W_out) is what a reader resolved."""
    at_least(inputs, 1)
    shape = inputs[0]
    if len(shape) != 5 or len(a.sizes) != 3 or len(a.steps) != 3 or a.c_out < 1 or shape[-1] % a.groups:
        raise OpError(f"input {shape}, output {a.sizes} x {a.c_out}, kernel {a.steps} do not fit together")
    return ((shape[0], *a.sizes, a.c_out),)


def recurrent(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """(batch, steps, C_in) to (batch, steps, c_out), or the steps first; ``groups`` are the directions, joined.

    ``multiplier`` is the number of gates.
    """
    at_least(inputs, 1)
    shape = inputs[0]
    if len(shape) != 3 or a.c_out < 1:
        raise OpError(f"input {shape} must have rank 3, and the cells {a.c_out} must be at least 1")
    return ((*shape[:2], a.c_out * a.groups),)


def pool_argmax(inputs: tuple[Shape, ...], a: Attributes) -> tuple[Shape, ...]:
    """The output of a pooling, and the position of each of its elements in the input."""
    return pool2d(inputs, a) * 2
