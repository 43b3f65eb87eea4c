"""Spaces of widths: the channels of each layer of MobileNetV1, and of the stages of ResNet-50 and ShuffleNetV2."""

from __future__ import annotations

from functools import partial

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.zoo.mobilenet import V1_LAYERS
from stairline.simulator.zoo.parts import CLASSES
from stairline.simulator.zoo.shufflenet import v2_reduction, v2_unit

from .space import Space
from .structure import Choice, Flow, Position

_RESNET_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
_SHUFFLENET_STAGES = ((116, 4), (232, 8), (464, 4))


def candidates(c_out: int) -> tuple[int, ...]:
    """MetaPruning's numbers of channels for a layer of ``c_out``: from a tenth in steps of 3 %, at least one.

    Source: Liu et al. 2019, as the paper quotes it in section 5: [int(0.1 c), c] in steps of int(0.03 c).
    """
    step = max(1, int(0.03 * c_out))
    return tuple(sorted({c_out, *range(int(0.1 * c_out), c_out + 1, step)}))


def mobilenet_v1_channels(resolution: int = 224) -> Space:
    """MetaPruning's space over MobileNetV1: the channels of its first convolution and of thirteen 1x1 convolutions."""
    positions = [_widths("layer 1", candidates(32), partial(_v1_stem, resolution))]
    for number, (c_out, stride) in enumerate(V1_LAYERS, 2):
        positions.append(_widths(f"layer {number}", candidates(c_out), partial(_v1_pair, stride)))
    return Space("mobilenet_v1_channels", (*positions, _classifier()))


def resnet50_widths(resolution: int = 224) -> Space:
    """ResNet-50 with four depths and seven widths of each stage: the width is that of the stage's 3x3 convolutions."""
    positions = [Position("stem", (Choice("stem", partial(_resnet_stem, resolution)),))]
    for number, (c_out, units, stride) in enumerate(_RESNET_STAGES, 1):
        widths = tuple(round(c_out * share / 8) for share in (2, 3, 4, 5, 6, 7, 8))
        stages = tuple(
            Choice(f"{width} x{depth}", partial(_resnet_stage, width, depth, stride), (width, depth))
            for depth in range(max(1, units - 3), units + 1)
            for width in widths
        )
        positions.append(Position(f"stage {number}", stages))
    return Space("resnet50_widths", (*positions, _classifier()))


def shufflenet_v2_widths(resolution: int = 224) -> Space:
    """ShuffleNetV2 with the channels of its three stages in steps of 4, from half to twice those at width 1."""
    positions = [Position("stem", (Choice("stem", partial(_shufflenet_stem, resolution)),))]
    for number, (c_out, units) in enumerate(_SHUFFLENET_STAGES, 1):
        sizes = range(c_out // 8 * 4, 2 * c_out + 1, max(4, c_out // 24 // 4 * 4))
        positions.append(_widths(f"stage {number}", tuple(sizes), partial(_shufflenet_stage, units)))
    return Space("shufflenet_v2_widths", (*positions, Position("head", (Choice("head", _shufflenet_head),))))


def _widths(name: str, widths: tuple[int, ...], fragment: partial[Flow]) -> Position:
    return Position(name, tuple(Choice(str(width), partial(fragment, width), (width,)) for width in widths))


def _classifier() -> Position:
    return Position("head", (Choice("head", _classified),))


def _classified(b: GraphBuilder, flow: Flow) -> Flow:
    return Flow(b.layer("softmax", b.dense(b.layer("globalavgpool2d", flow.tensor), CLASSES)))


def _v1_stem(size: int, c_out: int, b: GraphBuilder, _flow: Flow) -> Flow:
    return Flow(b.conv2d(b.input((1, size, size, 3)), c_out, 3, 2, activation="relu6"))


def _v1_pair(stride: int, c_out: int, b: GraphBuilder, flow: Flow) -> Flow:
    return Flow(b.conv2d(b.dwconv2d(flow.tensor, 3, stride, activation="relu6"), c_out, activation="relu6"))


def _resnet_stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), 64, 7, 2, activation="relu")
    return Flow(b.pool("maxpool2d", x, 3, 2, padding="same"))


def _resnet_stage(width: int, depth: int, stride: int, b: GraphBuilder, flow: Flow) -> Flow:
    x = flow.tensor
    for unit in range(depth):
        step = 1 if unit else stride
        y = b.conv2d(b.conv2d(x, width, activation="relu"), width, 3, step, activation="relu")
        shortcut = x if unit else b.conv2d(x, 4 * width, 1, step)
        x = b.layer("relu", b.layer("add", shortcut, b.conv2d(y, 4 * width)))
    return Flow(x)


def _shufflenet_stem(size: int, b: GraphBuilder, _flow: Flow) -> Flow:
    x = b.conv2d(b.input((1, size, size, 3)), 24, 3, 2, activation="relu")
    return Flow(b.pool("maxpool2d", x, 3, 2, padding="same"))


def _shufflenet_stage(units: int, c_out: int, b: GraphBuilder, flow: Flow) -> Flow:
    x = v2_reduction(b, flow.tensor, c_out)
    for _ in range(units - 1):
        x = v2_unit(b, x)
    return Flow(x)


def _shufflenet_head(b: GraphBuilder, flow: Flow) -> Flow:
    x = b.layer("globalavgpool2d", b.conv2d(flow.tensor, 1024, activation="relu"))
    return Flow(b.layer("softmax", b.dense(x, CLASSES)))
