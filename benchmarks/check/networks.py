"""Random networks in the manner of mobile ones, on which faults are planted."""

from __future__ import annotations

import random

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


def network(name: str, seed: int, width: float = 1.0) -> Graph:
    """A stem, plain, inverted residual and separable blocks, and a classifier; ``width`` scales all channels."""
    draw = random.Random(seed)
    b = GraphBuilder(name)

    def channels(count: float) -> int:
        return max(4, round(count * width))

    size = draw.choice((96, 128, 160, 192, 224))
    x = b.conv2d(b.input((1, size, size, 3)), channels(draw.choice((8, 16, 24, 32))), 3, 2, activation="relu6")
    c = draw.uniform(12, 40)
    for _ in range(draw.randint(6, 14)):
        stride = 2 if b.shape(x)[1] > 7 and draw.random() < 0.3 else 1
        c *= draw.uniform(1.3, 1.9) if stride == 2 else draw.uniform(0.95, 1.15)
        x = _block(b, x, draw, channels(c), stride)
    x = b.layer("globalavgpool2d", b.conv2d(x, channels(draw.choice((256, 512))), activation="relu6"))
    return b.build(b.dense(x, draw.choice((10, 100, 1000))))


def _block(b: GraphBuilder, x: int, draw: random.Random, c_out: int, stride: int) -> int:
    kind, kernel = draw.random(), draw.choice((3, 3, 5))
    if kind < 0.2:
        return b.conv2d(x, c_out, 3, stride, activation="relu")
    y = b.conv2d(x, b.shape(x)[-1] * draw.choice((3, 4, 6)), activation="relu6") if kind < 0.7 else x
    y = b.dwconv2d(y, kernel, stride, activation="relu6")
    y = b.conv2d(y, c_out)
    return b.layer("add", x, y) if b.shape(x) == b.shape(y) else y
