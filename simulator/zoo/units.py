"""Units of networks that are not among the paper's blocks, for chains: a bottleneck and parallel branches."""

from __future__ import annotations

from collections.abc import Callable

from stairline.simulator.graph.builder import GraphBuilder


def bottleneck(b: GraphBuilder, x: int, *, c_out: int | None = None, kernel: int = 3, stride: int = 1) -> int:
    """ResNet's unit: 1x1 to a quarter of ``c_out``, ``kernel``, 1x1, added to ``x`` or its projection, ReLU."""
    c_in = b.shape(x)[-1]
    wide = c_out or c_in
    y = b.conv2d(x, max(1, wide // 4), activation="relu")
    y = b.conv2d(y, max(1, wide // 4), kernel, stride, activation="relu")
    y = b.conv2d(y, wide)
    shortcut = x if (c_in, 1) == (wide, stride) else b.conv2d(x, wide, 1, stride)
    return b.layer("relu", b.layer("add", shortcut, y))


def branches(b: GraphBuilder, x: int, *, c_out: int, kernel: int = 3) -> int:
    """Inception's unit: 1x1; 1x1 and ``kernel``; pooling and 1x1; joined, each with a third of ``c_out`` channels."""
    share = max(1, c_out // 3)
    plain = b.conv2d(x, share, activation="relu")
    deep = b.conv2d(b.conv2d(x, share, activation="relu"), share, kernel, activation="relu")
    pooled = b.conv2d(b.pool("avgpool2d", x, 3, 1, padding="same"), share, activation="relu")
    return b.layer("concat", plain, deep, pooled)


UNITS: dict[str, Callable[..., int]] = {unit.__name__: unit for unit in (bottleneck, branches)}
"""The units by name; each takes a builder, a tensor and the settings of its signature."""
