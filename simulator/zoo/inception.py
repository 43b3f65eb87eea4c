"""InceptionV1, also called GoogLeNet (Szegedy et al. 2015), as TensorFlow's slim models define it."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .parts import CLASSES_WITH_BACKGROUND, classify, start


class _Module(NamedTuple):
    """Channels of the four branches: 1x1; 1x1 then 3x3; 1x1 then 3x3; max-pooling then 1x1."""

    plain: int
    reduce: int
    wide: int
    reduce_second: int
    wide_second: int
    pooled: int


_STAGE_3 = (_Module(64, 96, 128, 16, 32, 32), _Module(128, 128, 192, 32, 96, 64))
_STAGE_4 = (
    _Module(192, 96, 208, 16, 48, 64),
    _Module(160, 112, 224, 24, 64, 64),
    _Module(128, 128, 256, 24, 64, 64),
    _Module(112, 144, 288, 32, 64, 64),
    _Module(256, 160, 320, 32, 128, 128),
)
_STAGE_5 = (_Module(256, 160, 320, 32, 128, 128), _Module(384, 192, 384, 48, 128, 128))


def inception_v1(input_size: int) -> Graph:
    """InceptionV1: nine modules, with 3x3 in place of the publication's 5x5 kernels, as in slim's checkpoint."""
    b, x = start("inception_v1", input_size)
    x = b.conv2d(x, 64, 7, 2, activation="relu")
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    x = b.conv2d(x, 64, activation="relu")
    x = b.conv2d(x, 192, 3, activation="relu")
    for pool_kernel, modules in ((3, _STAGE_3), (3, _STAGE_4), (2, _STAGE_5)):
        x = b.pool("maxpool2d", x, pool_kernel, 2, padding="same")
        for module in modules:
            x = _branches(b, x, module)
    return classify(b, x, CLASSES_WITH_BACKGROUND)


def _branches(b: GraphBuilder, x: int, module: _Module) -> int:
    plain = b.conv2d(x, module.plain, activation="relu")
    wide = b.conv2d(b.conv2d(x, module.reduce, activation="relu"), module.wide, 3, activation="relu")
    second = b.conv2d(b.conv2d(x, module.reduce_second, activation="relu"), module.wide_second, 3, activation="relu")
    pooled = b.conv2d(b.pool("maxpool2d", x, 3, 1, padding="same"), module.pooled, activation="relu")
    return b.layer("concat", plain, wide, second, pooled)
