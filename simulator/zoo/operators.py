"""Single operators of the paper's Table 1 that are no convolutions, each a function on a builder, as blocks are."""

from __future__ import annotations

from collections.abc import Callable

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder


def dense(b: GraphBuilder, x: int, *, c_out: int = 1000) -> int:
    """A fully connected layer over the channels of each pixel; at 1 x 1 pixel it is the classifier of a network."""
    return b.dense(x, c_out)


def avgpool2d(b: GraphBuilder, x: int, *, kernel: int = 7, stride: int = 1) -> int:
    """An average pooling with "same" padding."""
    return b.pool("avgpool2d", x, kernel, stride, padding="same")


def maxpool2d(b: GraphBuilder, x: int, *, kernel: int = 3, stride: int = 2) -> int:
    """A maximum pooling with "same" padding."""
    return b.pool("maxpool2d", x, kernel, stride, padding="same")


def globalavgpool2d(b: GraphBuilder, x: int) -> int:
    """The average of each channel over the whole image."""
    return b.layer("globalavgpool2d", x)


def _with_second_input(op: str) -> Callable[[GraphBuilder, int], int]:
    def append(b: GraphBuilder, x: int) -> int:
        return b.layer(op, x, b.input(b.shape(x), "other"))

    return append


def _unary(op: str) -> Callable[[GraphBuilder, int], int]:
    def append(b: GraphBuilder, x: int) -> int:
        return b.layer(op, x)

    return append


def channel_shuffle(b: GraphBuilder, x: int, *, groups: int = 2) -> int:
    """A channel shuffle, which interleaves ``groups`` groups of channels."""
    return b.layers("channel_shuffle", [x], Attributes(groups=groups))[0]


OPERATORS: dict[str, Callable[..., int]] = {
    "dense": dense,
    "avgpool2d": avgpool2d,
    "maxpool2d": maxpool2d,
    "globalavgpool2d": globalavgpool2d,
    "channel_shuffle": channel_shuffle,
    **{op: _with_second_input(op) for op in ("add", "mul", "concat")},
    **{op: _unary(op) for op in ("relu", "relu6", "sigmoid", "tanh", "hard_swish", "swish", "softmax")},
    **{op: _unary(op) for op in ("gelu", "batch_norm", "layer_norm")},
}
"""The functions by name of their operator; each takes a builder, a tensor and the settings of its signature."""
