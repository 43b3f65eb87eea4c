"""Parts that the architectures share: input, classifier, channel rounding, inverted residuals, squeeze-and-excite.

A batch normalisation that follows a convolution is folded into it and counts as its bias.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

CLASSES = 1000
"""ImageNet classes."""

CLASSES_WITH_BACKGROUND = 1001
"""ImageNet classes and one class for the background, as in TensorFlow's slim checkpoints."""


class ZooError(ValueError):
    """An unknown network, block or setting, or a value out of range; the message names those that exist."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for an unknown name, with the most similar known name, or all known names where none is similar."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
    return f"unknown {kind} '{name}'; {hint}"


def start(name: str, input_size: int) -> tuple[GraphBuilder, int]:
    """A builder with one input, a square RGB image of ``input_size`` pixels a side, and that input's tensor."""
    b = GraphBuilder(name, source=f"zoo:{name}")
    return b, b.input((1, input_size, input_size, 3))


def classify(b: GraphBuilder, x: int, classes: int) -> Graph:
    """The network that ends in a global average pooling of ``x``, a fully connected layer and a softmax."""
    features = b.layer("globalavgpool2d", x)
    return b.build(b.layer("softmax", b.dense(features, classes)))


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of ``divisor`` nearest to ``channels``, but not more than 10 % below.

    Source: ``_make_divisible`` of TensorFlow's MobileNetV2 in slim.
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def squeeze_excite(b: GraphBuilder, x: int, reduced: int, *, activation: str = "relu", gate: str = "sigmoid") -> int:
    """Multiply each channel of ``x`` by a gate, computed from all channels' averages through ``reduced`` channels."""
    squeezed = b.conv2d(b.layer("globalavgpool2d", x, keepdims=True), reduced, activation=activation)
    return b.layer("mul", x, b.conv2d(squeezed, b.shape(x)[-1], activation=gate))


def inverted_residual(
    b: GraphBuilder,
    x: int,
    c_out: int,
    *,
    expanded: int,
    kernel: int = 3,
    stride: int = 1,
    activation: str = "relu6",
    se_channels: int = 0,
    se_activation: str = "relu",
    gate: str = "sigmoid",
) -> int:
    """MobileNetV2's block: 1x1 to ``expanded`` channels, depthwise, linear 1x1; added to ``x`` where shapes agree.

    The first 1x1 is left out where it would not expand. A squeeze-and-excite through ``se_channels`` follows the
    depthwise convolution where they are not 0.
    """
    c_in = b.shape(x)[-1]
    y = x if expanded == c_in else b.conv2d(x, expanded, activation=activation)
    y = b.dwconv2d(y, kernel, stride, activation=activation)
    if se_channels:
        y = squeeze_excite(b, y, se_channels, activation=se_activation, gate=gate)
    y = b.conv2d(y, c_out)
    return b.layer("add", x, y) if stride == 1 and c_in == c_out else y
