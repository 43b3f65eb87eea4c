"""MnasNet's factorised space: each of five blocks chooses its operator, kernel, squeeze-and-excite, skip and size.

Source: Tan et al. 2019: the sizes are those of MobileNetV2's stages, times 0.75, 1 or 1.25 in channels and one layer
more or less; 4 x 2 x 2 x 3 x 3 x 3 = 432 settings of a block. The first and the last stage of MobileNetV2 stay.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.zoo.parts import CLASSES, inverted_residual, make_divisible, squeeze_excite

from .space import Space
from .structure import Choice, Flow, Position, settling


class _Settings(NamedTuple):
    """What the positions of a block settle, in their order; the number of layers is the last one."""

    op: str
    kernel: int
    se: float
    skip: str
    width: float


_STAGES = ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2))
"""Channels, layers and stride of MobileNetV2's second to sixth stage."""


def mnasnet(resolution: int = 224, blocks: int = 5) -> Space:
    """MnasNet's space of 432 settings for each of five blocks, at one resolution in pixels.

    With fewer ``blocks``, the later ones are left out of the networks.
    """
    positions = [Position("stem", (Choice("stem", partial(_stem, resolution)),))]
    for number, (c_out, layers, stride) in enumerate(_STAGES[:blocks], 1):
        block = f"block {number}"
        counts = tuple(
            Choice(str(layers + more), partial(_block, c_out, stride, layers + more), (layers + more,))
            for more in (-1, 0, 1)
        )
        positions += [
            settling(f"{block} operator", ("conv", "dwconv", "mbconv3", "mbconv6")),
            settling(f"{block} kernel", (3, 5)),
            settling(f"{block} se", (0.0, 0.25)),
            settling(f"{block} skip", ("none", "pool", "identity")),
            settling(f"{block} width", (0.75, 1.0, 1.25)),
            Position(f"{block} layers", counts),
        ]
    return Space("mnasnet", (*positions, Position("head", (Choice("head", _head),))))


def _stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), 32, 3, 2, activation="relu")
    return Flow(inverted_residual(b, x, 16, expanded=32, activation="relu"))


def _head(b: GraphBuilder, flow: Flow) -> Flow:
    c_in = b.shape(flow.tensor)[-1]
    x = inverted_residual(b, flow.tensor, 320, expanded=6 * c_in, activation="relu")
    x = b.layer("globalavgpool2d", b.conv2d(x, 1280, activation="relu"))
    return Flow(b.dense(x, CLASSES))


def _block(c_out: int, stride: int, layers: int, b: GraphBuilder, flow: Flow) -> Flow:
    settings = _Settings(*flow.settled)  # type: ignore[arg-type]
    x = flow.tensor
    for layer in range(layers):
        x = _layer(b, x, settings, make_divisible(c_out * settings.width), stride if layer == 0 else 1)
    return Flow(x)


def _layer(b: GraphBuilder, x: int, settings: _Settings, c_out: int, stride: int) -> int:
    c_in = b.shape(x)[-1]
    if settings.op == "conv":
        y = b.conv2d(x, c_out, settings.kernel, stride, activation="relu")
        y = _gated(b, y, settings.se, c_in)
    else:
        expanded = {"dwconv": 1, "mbconv3": 3, "mbconv6": 6}[settings.op] * c_in
        y = x if expanded == c_in else b.conv2d(x, expanded, activation="relu")
        y = b.dwconv2d(y, settings.kernel, stride, activation="relu")
        y = b.conv2d(_gated(b, y, settings.se, c_in), c_out)
    return _joined(b, x, y, settings.skip)


def _gated(b: GraphBuilder, x: int, se: float, c_in: int) -> int:
    return squeeze_excite(b, x, max(1, int(c_in * se))) if se else x


def _joined(b: GraphBuilder, x: int, y: int, skip: str) -> int:
    """The layer's result with its input added, where the skip can make the shapes agree."""
    if skip == "none" or b.shape(x)[-1] != b.shape(y)[-1]:
        return y
    if b.shape(x) == b.shape(y):
        return b.layer("add", x, y)
    return b.layer("add", b.pool("avgpool2d", x, 2, 2, padding="same"), y) if skip == "pool" else y
