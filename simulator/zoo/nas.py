"""Networks of inverted residuals from architecture searches: ProxylessNAS, MnasNet-A1, EfficientNet-B0 and B1.

Sources: Cai et al. 2019; Tan et al. 2019; Tan and Le 2019.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .parts import CLASSES, classify, inverted_residual, start

_SE_RATIO = 0.25


class _Stage(NamedTuple):
    """A stage of equal inverted residuals; only the first has the stride, and all have squeeze-and-excite or none."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    c_out: int
    se: bool = False


class _Cell(NamedTuple):
    """One searched layer of ProxylessNAS-mobile; ``stage`` selects the channels."""

    stage: int
    kernel: int
    stride: int
    expansion: int


_PROXYLESS_MOBILE = (
    _Cell(0, 3, 1, 1),
    *(_Cell(1, 5, 2, 3), _Cell(1, 3, 1, 3)),
    *(_Cell(2, 7, 2, 3), _Cell(2, 3, 1, 3), _Cell(2, 5, 1, 3), _Cell(2, 5, 1, 3)),
    *(_Cell(3, 7, 2, 6), _Cell(3, 5, 1, 3), _Cell(3, 5, 1, 3), _Cell(3, 5, 1, 3)),
    *(_Cell(4, 5, 1, 6), _Cell(4, 5, 1, 3), _Cell(4, 5, 1, 3), _Cell(4, 5, 1, 3)),
    *(_Cell(5, 7, 2, 6), _Cell(5, 7, 1, 6), _Cell(5, 7, 1, 3), _Cell(5, 7, 1, 3)),
    _Cell(6, 7, 1, 6),
)

_MNASNET_A1 = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(3, 5, 2, 3, 40, se=True),
    _Stage(4, 3, 2, 6, 80),
    _Stage(2, 3, 1, 6, 112, se=True),
    _Stage(3, 5, 2, 6, 160, se=True),
    _Stage(1, 3, 1, 6, 320),
)

_EFFICIENTNET_B0 = (
    _Stage(1, 3, 1, 1, 16, se=True),
    _Stage(2, 3, 2, 6, 24, se=True),
    _Stage(2, 5, 2, 6, 40, se=True),
    _Stage(3, 3, 2, 6, 80, se=True),
    _Stage(3, 5, 1, 6, 112, se=True),
    _Stage(4, 5, 2, 6, 192, se=True),
    _Stage(1, 3, 1, 6, 320, se=True),
)


def proxyless_mobile(input_size: int) -> Graph:
    """ProxylessNAS-mobile, the network that its search found for a phone."""
    return _proxyless("proxyless_mobile", input_size, 32, (16, 32, 40, 80, 96, 192, 320), 1280)


def proxyless_mobile_14(input_size: int) -> Graph:
    """ProxylessNAS-mobile's cells at width 1.4, with the channel counts that its authors published."""
    return _proxyless("proxyless_mobile_14", input_size, 48, (24, 40, 56, 112, 136, 256, 448), 1792)


def mnasnet_a1(input_size: int) -> Graph:
    """MnasNet-A1: ReLU activations, and squeeze-and-excite in three of its seven stages."""
    b, x = start("mnasnet_a1", input_size)
    x = b.conv2d(x, 32, 3, 2, activation="relu")
    x = _stack(b, x, _MNASNET_A1, "relu")
    return classify(b, b.conv2d(x, 1280, activation="relu"), CLASSES)


def efficientnet_b0(input_size: int) -> Graph:
    """EfficientNet-B0: Swish activations, and squeeze-and-excite in every block."""
    return _efficientnet("efficientnet_b0", input_size, depth=1.0)


def efficientnet_b1(input_size: int) -> Graph:
    """EfficientNet-B1: EfficientNet-B0 with 1.1 times as many blocks, rounded up in each stage."""
    return _efficientnet("efficientnet_b1", input_size, depth=1.1)


def _proxyless(name: str, input_size: int, first: int, channels: tuple[int, ...], last: int) -> Graph:
    b, x = start(name, input_size)
    x = b.conv2d(x, first, 3, 2, activation="relu6")
    stages = (_Stage(1, cell.kernel, cell.stride, cell.expansion, channels[cell.stage]) for cell in _PROXYLESS_MOBILE)
    x = _stack(b, x, stages, "relu6")
    return classify(b, b.conv2d(x, last, activation="relu6"), CLASSES)


def _efficientnet(name: str, input_size: int, depth: float) -> Graph:
    b, x = start(name, input_size)
    x = b.conv2d(x, 32, 3, 2, activation="swish")
    stages = (stage._replace(repeats=ceil(depth * stage.repeats)) for stage in _EFFICIENTNET_B0)
    x = _stack(b, x, stages, "swish")
    return classify(b, b.conv2d(x, 1280, activation="swish"), CLASSES)


def _stack(b: GraphBuilder, x: int, stages: Iterable[_Stage], activation: str) -> int:
    for stage in stages:
        for repeat in range(stage.repeats):
            c_in = b.shape(x)[-1]
            x = inverted_residual(
                b,
                x,
                stage.c_out,
                expanded=stage.expansion * c_in,
                kernel=stage.kernel,
                stride=1 if repeat else stage.stride,
                activation=activation,
                se_channels=int(c_in * _SE_RATIO) if stage.se else 0,
                se_activation=activation,
            )
    return x
