"""MobileNetV1, V2 and V3-Large (Howard et al. 2017; Sandler et al. 2018; Howard et al. 2019)."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

from .parts import CLASSES, CLASSES_WITH_BACKGROUND, classify, inverted_residual, make_divisible, start

V1_LAYERS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
"""Output channels and stride of MobileNetV1's 13 pairs of a depthwise and a 1x1 convolution."""

# Expansion, output channels, repeats, stride of the first repeat.
_V2_STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)


class _V3(NamedTuple):
    """One block of MobileNetV3; the ratio of ``expanded`` to its input's channels at width 1 holds at every width."""

    kernel: int
    expanded: int
    c_out: int
    se: bool
    activation: str
    stride: int


_V3_LARGE = (
    _V3(3, 16, 16, False, "relu", 1),
    _V3(3, 64, 24, False, "relu", 2),
    _V3(3, 72, 24, False, "relu", 1),
    _V3(5, 72, 40, True, "relu", 2),
    _V3(5, 120, 40, True, "relu", 1),
    _V3(5, 120, 40, True, "relu", 1),
    _V3(3, 240, 80, False, "hard_swish", 2),
    _V3(3, 200, 80, False, "hard_swish", 1),
    _V3(3, 184, 80, False, "hard_swish", 1),
    _V3(3, 184, 80, False, "hard_swish", 1),
    _V3(3, 480, 112, True, "hard_swish", 1),
    _V3(3, 672, 112, True, "hard_swish", 1),
    _V3(5, 672, 160, True, "hard_swish", 2),
    _V3(5, 960, 160, True, "hard_swish", 1),
    _V3(5, 960, 160, True, "hard_swish", 1),
)


def mobilenet_v1(input_size: int, width: float) -> Graph:
    """MobileNetV1: thirteen pairs of a depthwise 3x3 and a 1x1 convolution; every layer has 8 channels or more."""
    b, x = start("mobilenet_v1", input_size)
    x = b.conv2d(x, max(8, int(32 * width)), 3, 2, activation="relu6")
    for c_out, stride in V1_LAYERS:
        x = b.dwconv2d(x, 3, stride, activation="relu6")
        x = b.conv2d(x, max(8, int(c_out * width)), activation="relu6")
    return classify(b, x, CLASSES_WITH_BACKGROUND)


def mobilenet_v2(input_size: int, width: float) -> Graph:
    """MobileNetV2: seventeen inverted residuals; a width below 1 does not reduce the last 1280 channels."""
    b, x = start("mobilenet_v2", input_size)
    x = b.conv2d(x, make_divisible(32 * width), 3, 2, activation="relu6")
    for expansion, c_out, repeats, first_stride in _V2_STAGES:
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            x = inverted_residual(
                b, x, make_divisible(c_out * width), expanded=expansion * b.shape(x)[-1], stride=stride
            )
    x = b.conv2d(x, make_divisible(1280 * max(1.0, width)), activation="relu6")
    return classify(b, x, CLASSES_WITH_BACKGROUND)


def mobilenet_v3_large(input_size: int, width: float) -> Graph:
    """MobileNetV3-Large: squeeze-and-excite through a quarter of the expanded channels, and 1280 pooled features."""
    b, x = start("mobilenet_v3_large", input_size)
    x = b.conv2d(x, make_divisible(16 * width), 3, 2, activation="hard_swish")
    full_width_inputs = (16, *(block.c_out for block in _V3_LARGE))
    for c_in, block in zip(full_width_inputs, _V3_LARGE):
        expanded = make_divisible(b.shape(x)[-1] * block.expanded / c_in)
        x = inverted_residual(
            b,
            x,
            make_divisible(block.c_out * width),
            expanded=expanded,
            kernel=block.kernel,
            stride=block.stride,
            activation=block.activation,
            se_channels=make_divisible(expanded / 4) if block.se else 0,
            gate="hard_sigmoid",
        )
    x = b.conv2d(x, make_divisible(960 * width), activation="hard_swish")
    features = b.dense(b.layer("globalavgpool2d", x), make_divisible(1280 * max(1.0, width)), activation="hard_swish")
    return b.build(b.layer("softmax", b.dense(features, CLASSES)))
