"""The attributes of a layer: the operator part of the design space (K, S, C_out and what real files add to it)."""

from __future__ import annotations

from typing import NamedTuple


class Attributes(NamedTuple):
    """Attributes of every operator; each operator reads its own and leaves the rest at their neutral values.

    Pairs are (height, width). ``padding`` is (top, bottom, left, right) in elements, already resolved from "same".
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    c_out: int = 0
    """Output channels of conv2d, conv2d_transpose and dense."""
    groups: int = 1
    multiplier: int = 1
    """Output channels per input channel of dwconv2d."""
    axis: int = -1
    """Axis of concat, split and softmax; negative counts from the end."""
    axes: tuple[int, ...] = ()
    """Reduced axes of mean; order of axes of transpose."""
    keepdims: bool = False
    sizes: tuple[int, ...] = ()
    """Target shape of reshape; (height, width) of resize; sizes along ``axis`` of split; extent of slice."""
    begin: tuple[int, ...] = ()
    """First element along each axis of slice and strided_slice."""
    end: tuple[int, ...] = ()
    """One past the last element along each axis of strided_slice."""
    steps: tuple[int, ...] = ()
    """Step along each axis of strided_slice."""
    pads: tuple[tuple[int, int], ...] = ()
    """(before, after) in elements along each axis of pad."""
    transpose_a: bool = False
    transpose_b: bool = False


NEUTRAL = Attributes()
"""No attribute set: what an element-wise operator has."""


def same_padding(
    h_in: int, w_in: int, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) in elements so that the output is ceil(input / stride), as TensorFlow defines "SAME".

    The odd element goes to the bottom and to the right.
    """
    top, bottom = _same_along(h_in, kernel[0], stride[0], dilation[0])
    left, right = _same_along(w_in, kernel[1], stride[1], dilation[1])
    return top, bottom, left, right


def _same_along(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    reach = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2
