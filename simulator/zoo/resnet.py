"""ResNetV1-50 and ResNetV2-50 (He et al. 2016a, 2016b) as TensorFlow's slim models define them.

In slim the 3x3 of the last unit of a stage has the stride, not the 1x1 of the first unit, and a 1x1 max-pooling of
stride 2 reduces that unit's identity: 3.48 GMAC at 224 pixels, where the publication's layout has 4.1 GMAC.
"""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .parts import CLASSES, CLASSES_WITH_BACKGROUND, classify, start

# Channels inside the bottleneck, units, stride of the last unit.
_STAGES = ((64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1))
_EXPANSION = 4


def resnet_v1_50(input_size: int) -> Graph:
    """ResNetV1-50, whose units end with the addition and a ReLU."""
    b, x = start("resnet_v1_50", input_size)
    x = b.conv2d(x, 64, 7, 2, padding=(3, 3, 3, 3), activation="relu")
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    for channels, stride in _units():
        x = b.layer("relu", b.layer("add", _shortcut(b, x, x, channels, stride), _bottleneck(b, x, channels, stride)))
    return classify(b, x, CLASSES)


def resnet_v2_50(input_size: int) -> Graph:
    """ResNetV2-50, whose units begin with a batch normalisation that folds into no convolution, and a ReLU."""
    b, x = start("resnet_v2_50", input_size)
    x = b.conv2d(x, 64, 7, 2, padding=(3, 3, 3, 3))
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    for channels, stride in _units():
        before = b.layer("relu", b.layer("batch_norm", x))
        x = b.layer("add", _shortcut(b, x, before, channels, stride), _bottleneck(b, before, channels, stride))
    return classify(b, b.layer("relu", b.layer("batch_norm", x)), CLASSES_WITH_BACKGROUND)


def _units() -> tuple[tuple[int, int], ...]:
    return tuple(
        (channels, last_stride if unit == units - 1 else 1)
        for channels, units, last_stride in _STAGES
        for unit in range(units)
    )


def _bottleneck(b: GraphBuilder, x: int, channels: int, stride: int) -> int:
    x = b.conv2d(x, channels, activation="relu")
    x = b.conv2d(x, channels, 3, stride, padding=(1, 1, 1, 1), activation="relu")
    return b.conv2d(x, _EXPANSION * channels)


def _shortcut(b: GraphBuilder, x: int, projected: int, channels: int, stride: int) -> int:
    if b.shape(x)[-1] != _EXPANSION * channels:
        return b.conv2d(projected, _EXPANSION * channels, 1, stride)
    return x if stride == 1 else b.pool("maxpool2d", x, 1, stride)
