"""The attributes of a layer: kernel, stride and output channels (the paper's Table 1), and those of model files."""

from __future__ import annotations

from typing import NamedTuple


class Attributes(NamedTuple):
    """The attributes of all operators; a layer sets those of its own operator and leaves the rest at their defaults.

    Pairs are (height, width). ``padding`` is (top, bottom, left, right) in elements, already resolved from "same".
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    c_out: int = 0
    """Output channels of conv2d, conv3d, conv2d_transpose and dense; cells of a recurrent operator."""
    groups: int = 1
    multiplier: int = 1
    """Output channels per input channel of dwconv2d; gates of a recurrent operator."""
    axis: int = -1
    """Axis of concat, split, softmax, gather, pack and of searches; negative counts from the end."""
    axes: tuple[int, ...] = ()
    """Axes that mean reduces; for transpose, the input axis that each output axis is taken from."""
    keepdims: bool = False
    sizes: tuple[int, ...] = ()
    """Target shape of reshape, tile, expand and scatter_nd; (height, width) of resize; sizes along ``axis`` of
    split; extent of slice; (k,) of topk; (depth, height, width) of the output of conv3d; sizes of the indices of an
    Einsum."""
    begin: tuple[int, ...] = ()
    """First element along each axis of slice and strided_slice."""
    end: tuple[int, ...] = ()
    """One past the last element along each axis of strided_slice."""
    steps: tuple[int, ...] = ()
    """Step along each axis of strided_slice; blocks of space_to_batch; (depth, height, width) of conv3d's kernel."""
    pads: tuple[tuple[int, int], ...] = ()
    """(before, after) in elements along each axis of pad, and along each block of space_to_batch and its inverse."""
    transpose_a: bool = False
    transpose_b: bool = False
    interpolation: str = "linear"
    """How resize computes an element of its output: "nearest", "linear" or "cubic"."""


INTERPOLATIONS = ("nearest", "linear", "cubic")
"""What a resize computes an element of its output from: the nearest element, 2 x 2 or 4 x 4 of them."""

NEUTRAL = Attributes()
"""Attributes of which none is set, such as those of an element-wise operator."""


def same_padding(
    h_in: int, w_in: int, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> tuple[int, int, int, int]:
    """The padding (top, bottom, left, right), in elements, with which the output size is ceil(input / stride).

    This is TensorFlow's "SAME": an odd element goes to the bottom and to the right.
    """
    top, bottom = _same_along(h_in, kernel[0], stride[0], dilation[0])
    left, right = _same_along(w_in, kernel[1], stride[1], dilation[1])
    return top, bottom, left, right


def _same_along(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2
