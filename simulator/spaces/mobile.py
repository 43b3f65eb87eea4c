"""Spaces of inverted residuals that were searched for phones: Once-for-all's, ProxylessNAS's and FBNet's."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.zoo.parts import CLASSES, inverted_residual, make_divisible

from .space import Space
from .structure import Choice, Flow, Fragment, Position, settling


class _Stage(NamedTuple):
    """Inverted residuals of one width; only the first has the stride."""

    c_out: int
    blocks: int
    stride: int
    activation: str = "relu6"
    se: bool = False


_OFA = (
    _Stage(24, 4, 2, "relu"),
    _Stage(40, 4, 2, "relu", se=True),
    _Stage(80, 4, 2, "hard_swish"),
    _Stage(112, 4, 1, "hard_swish", se=True),
    _Stage(160, 4, 2, "hard_swish", se=True),
)
_PROXYLESS = (
    _Stage(24, 4, 2),
    _Stage(40, 4, 2),
    _Stage(80, 4, 2),
    _Stage(96, 4, 1),
    _Stage(192, 4, 2),
    _Stage(320, 1, 1),
)
_FBNET = (
    *(_Stage(16, 1, 1, "relu"), _Stage(24, 4, 2, "relu"), _Stage(32, 4, 2, "relu"), _Stage(64, 4, 2, "relu")),
    *(_Stage(112, 4, 1, "relu"), _Stage(184, 4, 2, "relu"), _Stage(352, 1, 1, "relu")),
)


def ofa_mobilenet_v3(resolutions: tuple[int, ...] = (128, 160, 192, 224)) -> Space:
    """Once-for-all's space over MobileNetV3: resolution, and the depth, kernels and expansions of five stages.

    Source: Cai et al. 2020: kernels of 3, 5 and 7, expansions of 3, 4 and 6, two to four blocks a stage, and inputs of
    128 to 224 pixels; the stem, the first block and the head are those of MobileNetV3-Large. A block beyond its stage's
    depth is left out, whatever its choice.
    """
    positions = [
        Position("resolution", tuple(Choice(str(size), partial(_ofa_stem, size), (size,)) for size in resolutions))
    ]
    for number, stage in enumerate(_OFA, 1):
        positions.append(settling(f"stage {number} depth", (2, 3, 4)))
        positions += [
            _mixed(f"stage {number} block {block + 1}", (3, 4, 6), partial(_ofa_block, stage, block))
            for block in range(stage.blocks)
        ]
    positions.append(_only("head", _ofa_head))
    return Space("ofa_mobilenet_v3", tuple(positions))


def proxylessnas(resolution: int = 224) -> Space:
    """ProxylessNAS's space: kernels of 3, 5 and 7 and expansions of 3 and 6 in 21 blocks; some may be left out.

    Source: Cai et al. 2019 and the settings of its authors' search: six stages of up to four blocks, 24 to 320
    channels, where all blocks but the first of a stage may be left out.
    """
    positions = [_only("stem", partial(_proxyless_stem, resolution))]
    for number, stage in enumerate(_PROXYLESS, 1):
        for block in range(stage.blocks):
            position = _mixed(f"stage {number} block {block + 1}", (3, 6), partial(_proxyless_block, stage, block))
            none = (Choice("none", _nothing, (0, 0)),) if block else ()
            positions.append(position._replace(choices=(*none, *position.choices)))
    positions.append(_only("head", partial(_pooled_head, 1280, "relu6")))
    return Space("proxylessnas", tuple(positions))


def fbnet(resolution: int = 224) -> Space:
    """FBNet's space: 22 blocks of nine candidates, with two kernels, three expansions, 1x1 in two groups, or none.

    Source: Wu et al. 2019, tables 1 and 2; where shapes differ, "none" is a 1x1 convolution, as in its authors' code.
    """
    positions = [_only("stem", partial(_fbnet_stem, resolution))]
    for number, stage in enumerate(_FBNET, 1):
        for block in range(stage.blocks):
            stride = 1 if block else stage.stride
            candidates = [
                Choice(
                    f"k{k} e{e}" + f" g{g}" * (g > 1), partial(_fbnet_block, stage.c_out, stride, k, e, g), (k, e / g)
                )
                for k in (3, 5)
                for e, g in ((1, 2), (1, 1), (3, 1), (6, 1))
            ]
            none = Choice("none", partial(_fbnet_none, stage.c_out, stride), (0, 0))
            positions.append(Position(f"stage {number} block {block + 1}", (none, *candidates)))
    positions.append(_only("head", partial(_pooled_head, 1984, "relu")))
    return Space("fbnet", tuple(positions))


def _only(name: str, fragment: Fragment) -> Position:
    return Position(name, (Choice(name, fragment),))


def _mixed(name: str, expansions: tuple[int, ...], block: partial[Flow]) -> Position:
    """The inverted residuals of each kernel and expansion; ``block`` takes both before the builder and the flow."""
    choices = [Choice(f"k{k} e{e}", partial(block, k, e), (k, e)) for k in (3, 5, 7) for e in expansions]
    return Position(name, tuple(choices))


def _nothing(_builder: GraphBuilder, flow: Flow) -> Flow:
    return flow


def _ofa_stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), 16, 3, 2, activation="hard_swish")
    return Flow(inverted_residual(b, x, 16, expanded=16, activation="relu"))


def _ofa_block(stage: _Stage, block: int, kernel: int, expansion: int, b: GraphBuilder, flow: Flow) -> Flow:
    (depth,) = flow.settled
    settled = () if block == stage.blocks - 1 else flow.settled
    if isinstance(depth, int) and block >= depth:
        return Flow(flow.tensor, settled)
    expanded = make_divisible(b.shape(flow.tensor)[-1] * expansion)
    x = inverted_residual(
        b,
        flow.tensor,
        stage.c_out,
        expanded=expanded,
        kernel=kernel,
        stride=1 if block else stage.stride,
        activation=stage.activation,
        se_channels=make_divisible(expanded / 4) if stage.se else 0,
        gate="hard_sigmoid",
    )
    return Flow(x, settled)


def _ofa_head(b: GraphBuilder, flow: Flow) -> Flow:
    x = b.layer("globalavgpool2d", b.conv2d(flow.tensor, 960, activation="hard_swish"))
    return Flow(b.dense(b.dense(x, 1280, activation="hard_swish"), CLASSES))


def _proxyless_stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), 32, 3, 2, activation="relu6")
    return Flow(inverted_residual(b, x, 16, expanded=32))


def _proxyless_block(stage: _Stage, block: int, kernel: int, expansion: int, b: GraphBuilder, flow: Flow) -> Flow:
    expanded, stride = b.shape(flow.tensor)[-1] * expansion, 1 if block else stage.stride
    return Flow(inverted_residual(b, flow.tensor, stage.c_out, expanded=expanded, kernel=kernel, stride=stride))


def _pooled_head(features: int, activation: str, b: GraphBuilder, flow: Flow) -> Flow:
    x = b.layer("globalavgpool2d", b.conv2d(flow.tensor, features, activation=activation))
    return Flow(b.dense(x, CLASSES))


def _fbnet_stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    return Flow(b.conv2d(b.input((1, size, size, 3)), 16, 3, 2, activation="relu"))


def _fbnet_block(
    c_out: int, stride: int, kernel: int, expansion: int, groups: int, b: GraphBuilder, flow: Flow
) -> Flow:
    """FBNet's block keeps its first 1x1 at an expansion of 1; grouped 1x1 convolutions are followed by a shuffle."""
    x, c_in = flow.tensor, b.shape(flow.tensor)[-1]
    y = b.conv2d(x, c_in * expansion, groups=groups, activation="relu")
    y = b.layer("channel_shuffle", y, groups=groups) if groups > 1 else y
    y = b.conv2d(b.dwconv2d(y, kernel, stride, activation="relu"), c_out, groups=groups)
    return Flow(b.layer("add", x, y) if stride == 1 and c_in == c_out else y)


def _fbnet_none(c_out: int, stride: int, b: GraphBuilder, flow: Flow) -> Flow:
    if stride == 1 and b.shape(flow.tensor)[-1] == c_out:
        return flow
    return Flow(b.conv2d(flow.tensor, c_out, 1, stride, activation="relu"))
