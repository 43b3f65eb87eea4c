"""The settings of the paper's experiments, and what a platform predicts for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build_block

FREE = 1.05
"""A latency ratio up to this is "negligible": a twentieth is what bars of equal height in a figure can hide."""

LARGE = 1.25
"""A latency ratio from this on is "large"."""

BLOCKS = {
    "MobileNetV1Block": "mobilenet_v1_block",
    "MobileNetV2Block": "mobilenet_v2_block",
    "MobileNetV2Block+SE": "mobilenet_v2_se_block",
    "ShuffleNetV1Block": "shufflenet_v1_block",
    "ShuffleNetV2Block": "shufflenet_v2_block",
    "DenseBlock": "dense_block",
}
"""Fig. 2: the building blocks by the paper's name and by ours."""

HALF_SIZE_DOUBLE_CHANNEL = ((112, 32), (56, 64), (28, 128), (14, 256), (7, 512))
"""Fig. B.5: height and channels of the layers, deduced from where the paper puts the minima."""

ACTIVATIONS = ("relu", "relu6", "hard_swish", "sigmoid", "swish")
"""Fig. 7: activations in the order of their operations."""

CHANNELS = range(1, 321)
"""Widths of the sweeps over channels: every one, since a step is as narrow as 4; five of the widest steps."""

KERNELS = (1, 3, 5, 7)
"""Sizes of the kernels of Table 1."""


def conv(hw: int, c_in: int, c_out: int, kernel: int) -> Graph:
    """One convolution."""
    return build_block("conv", hw, c_in, kernel, c_out=c_out)


def dwconv(hw: int, channels: int, kernel: int) -> Graph:
    """One depthwise convolution."""
    return build_block("dwconv", hw, channels, kernel)


def activated(activation: str) -> Graph:
    """Fig. 7: depthwise convolution and an activation at H = W = 28, C = 96, K = 3, S = 1."""
    return build_block("dwconv_activation", 28, 96, activation=activation)


def block(name: str, hw: int = 56, channels: int = 32) -> Graph:
    """A building block of Fig. 2 by the paper's name, K = 3, S = 1, channels kept (Fig. 6: 56 x 56 x 32)."""
    return build_block(BLOCKS[name], hw, channels)


def conv_over_c_out(platform: Platform, dtype: str) -> list[float]:
    """Fig. 4 and B.1: convolution over output channels at H = W = 28, C_in = 320, K = 3, S = 1, in seconds."""
    return _swept(platform, dtype, lambda c_out: conv(28, 320, c_out, 3), CHANNELS)


def dwconv_over_channels(platform: Platform, dtype: str) -> list[float]:
    """Fig. B.3: depthwise convolution over channels at H = W = 7, K = 3, S = 1, in seconds."""
    return _swept(platform, dtype, lambda channels: dwconv(7, channels, 3), CHANNELS)


def operators_s(graph: Graph, platform: Platform, dtype: str) -> float:
    """Predicted time of the operators alone, as the paper reports layers and blocks (appendix A)."""
    return predict(graph, platform, dtype).operators_s


def _swept(platform: Platform, dtype: str, layer: Callable[[int], Graph], sizes: Sequence[int]) -> list[float]:
    return [operators_s(layer(size), platform, dtype) for size in sizes]
