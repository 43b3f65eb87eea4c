"""The building blocks of the paper's Fig. 2 and the convolutions of its Table 1, each a function on a builder.

A block appends layers that map a tensor (N, H, W, C) to another and returns that one. ``c_out`` None keeps the number
of channels. Settings that the paper does not print are those that reproduce its operation and memory ratios: an
expansion of 6, a DenseNet layer of growth 32 behind a bottleneck of 128, squeeze-and-excite on a quarter of the
expanded channels, 8 groups.
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder

from .parts import ZooError, inverted_residual, squeeze_excite
from .shufflenet import v1_unit, v2_reduction, v2_unit

_SHUFFLE_GROUPS = 8


def mobilenet_v1_block(
    b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1, activation: str = "relu6"
) -> int:
    """MobileNetV1's block: a depthwise and a 1x1 convolution, each with an activation."""
    y = b.dwconv2d(x, kernel, stride, activation=activation)
    return b.conv2d(y, c_out or b.shape(x)[-1], activation=activation)


def mobilenet_v2_block(
    b: GraphBuilder,
    x: int,
    *,
    c_out: int | None = None,
    kernel: int = 3,
    stride: int = 1,
    expansion: int = 6,
    activation: str = "relu6",
) -> int:
    """MobileNetV2's block: 1x1 to ``expansion`` times the channels, depthwise, linear 1x1; added where shapes agree."""
    c_in = b.shape(x)[-1]
    return inverted_residual(
        b, x, c_out or c_in, expanded=expansion * c_in, kernel=kernel, stride=stride, activation=activation
    )


def mobilenet_v2_se_block(
    b: GraphBuilder,
    x: int,
    *,
    c_out: int | None = None,
    kernel: int = 3,
    stride: int = 1,
    expansion: int = 6,
    reduction: int = 4,
    activation: str = "relu6",
    gate: str = "hard_sigmoid",
) -> int:
    """MobileNetV2's block with squeeze-and-excite before the last 1x1, as MobileNetV3 places it."""
    c_in = b.shape(x)[-1]
    return inverted_residual(
        b,
        x,
        c_out or c_in,
        expanded=expansion * c_in,
        kernel=kernel,
        stride=stride,
        activation=activation,
        se_channels=max(1, expansion * c_in // reduction),
        gate=gate,
    )


def shufflenet_v1_block(
    b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1, groups: int | None = None
) -> int:
    """ShuffleNetV1's block: grouped 1x1, shuffle, depthwise, grouped 1x1, and the addition of the input.

    At stride 2 the result is concatenated with the pooled input, which by default doubles the channels. ``groups`` None
    means the largest divisor of 8 that divides the channels of input, bottleneck and output.
    """
    c_in = b.shape(x)[-1]
    wide = c_out or c_in * stride
    if stride > 1 and wide <= c_in:
        raise ZooError(f"shufflenet_v1_block: c_out {wide} at stride {stride} must exceed the {c_in} channels it joins")
    if stride == 1 and wide != c_in:
        raise ZooError(f"shufflenet_v1_block: c_out {wide} must equal the {c_in} channels it is added to at stride 1")
    return v1_unit(
        b, x, wide, stride=stride, groups=groups or gcd(_SHUFFLE_GROUPS, wide // 4, wide, c_in), kernel=kernel
    )


def shufflenet_v2_block(b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1) -> int:
    """ShuffleNetV2's block: half of the channels go through 1x1, depthwise, 1x1, join the other half and are shuffled.

    At stride 2 two branches read all channels, which by default doubles them.
    """
    c_in = b.shape(x)[-1]
    if stride > 1:
        return v2_reduction(b, x, c_out or c_in * stride, kernel=kernel, stride=stride)
    if c_out not in (None, c_in):
        raise ZooError(f"shufflenet_v2_block: c_out {c_out} must equal the {c_in} input channels at stride 1")
    return v2_unit(b, x, kernel=kernel)


def dense_block(b: GraphBuilder, x: int, *, kernel: int = 3, growth: int = 32, bottleneck: int = 128) -> int:
    """DenseNet's layer: 1x1 to ``bottleneck`` channels, then a convolution whose ``growth`` channels join the input."""
    y = b.conv2d(b.conv2d(x, bottleneck, activation="relu"), growth, kernel, activation="relu")
    return b.layer("concat", x, y)


def conv(b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1) -> int:
    """One convolution."""
    return b.conv2d(x, c_out or b.shape(x)[-1], kernel, stride)


def dilated_conv(
    b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1, dilation: int = 2
) -> int:
    """One convolution whose kernel elements are ``dilation`` elements apart."""
    return b.conv2d(x, c_out or b.shape(x)[-1], kernel, stride, dilation=dilation)


def grouped_conv(
    b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1, groups: int = 8
) -> int:
    """One convolution in ``groups`` groups of channels."""
    return b.conv2d(x, c_out or b.shape(x)[-1], kernel, stride, groups=groups)


def dwconv(b: GraphBuilder, x: int, *, kernel: int = 3, stride: int = 1) -> int:
    """One depthwise convolution."""
    return b.dwconv2d(x, kernel, stride)


def dwconv_activation(b: GraphBuilder, x: int, *, kernel: int = 3, stride: int = 1, activation: str = "relu") -> int:
    """A depthwise convolution and one activation, which is the pair of the paper's Fig. 7."""
    return b.dwconv2d(x, kernel, stride, activation=activation)


def mixconv(b: GraphBuilder, x: int, *, kernels: tuple[int, ...] = (3, 5, 7), stride: int = 1) -> int:
    """MixConv (Tan and Le 2019): equal shares of the channels, each with a depthwise kernel size of its own.

    The first share takes the channels that remain after an integer division.
    """
    channels = b.shape(x)[-1]
    if not 0 < len(kernels) <= channels:
        raise ZooError(f"mixconv: {len(kernels)} kernels {kernels}: give from 1 to {channels}, the number of channels")
    share, rest = divmod(channels, len(kernels))
    sizes = (share + rest, *(share,) * (len(kernels) - 1))
    parts = b.layers("split", [x], Attributes(axis=-1, sizes=sizes))
    return b.layer("concat", *(b.dwconv2d(part, kernel, stride) for part, kernel in zip(parts, kernels)))


def se(b: GraphBuilder, x: int, *, reduction: int = 4, gate: str = "hard_sigmoid") -> int:
    """Squeeze-and-excite through a bottleneck of 1 / ``reduction`` of the channels."""
    return squeeze_excite(b, x, max(1, b.shape(x)[-1] // reduction), gate=gate)


BLOCKS: dict[str, Callable[..., int]] = {
    block.__name__: block
    for block in (
        *(mobilenet_v1_block, mobilenet_v2_block, mobilenet_v2_se_block),
        *(shufflenet_v1_block, shufflenet_v2_block, dense_block),
        *(conv, dilated_conv, grouped_conv, dwconv, dwconv_activation, mixconv, se),
    )
}
"""Blocks and operators by name; each takes a builder, a tensor and the settings of its signature."""
