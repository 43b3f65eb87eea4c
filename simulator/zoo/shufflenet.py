"""ShuffleNetV1 with 8 groups and ShuffleNetV2 (Zhang et al. 2018; Ma et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .parts import CLASSES, ZooError, classify, start

_GROUPS = 8
_REPEATS = (4, 8, 4)
_BOTTLENECK = 4

# Channels for each width, as the authors publish them: of the first convolution, then of the three stages.
_V1_CHANNELS = {
    0.5: (16, 192, 384, 768),
    1.0: (24, 384, 768, 1536),
    1.5: (24, 576, 1152, 2304),
    2.0: (48, 768, 1536, 3072),
}

_V2_CHANNELS = {
    0.5: (24, 48, 96, 192, 1024),
    1.0: (24, 116, 232, 464, 1024),
    1.5: (24, 176, 352, 704, 1024),
    2.0: (24, 244, 488, 976, 2048),
}


def shufflenet_v1(input_size: int, width: float) -> Graph:
    """ShuffleNetV1 with 8 groups; the first pointwise convolution is not grouped, for its channels are too few."""
    b, x = start("shufflenet_v1", input_size)
    first, *stages = _channels("shufflenet_v1", _V1_CHANNELS, width)
    x = b.conv2d(x, first, 3, 2, activation="relu")
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    for stage, (c_out, repeats) in enumerate(zip(stages, _REPEATS)):
        for repeat in range(repeats):
            entry = 1 if stage == 0 and repeat == 0 else _GROUPS
            x = v1_unit(b, x, c_out, stride=1 if repeat else 2, groups=_GROUPS, entry_groups=entry)
    return classify(b, x, CLASSES)


def shufflenet_v2(input_size: int, width: float) -> Graph:
    """ShuffleNetV2, whose units pass on half of the channels, join the other half to it and shuffle."""
    b, x = start("shufflenet_v2", input_size)
    first, *stages, last = _channels("shufflenet_v2", _V2_CHANNELS, width)
    x = b.conv2d(x, first, 3, 2, activation="relu")
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    for c_out, repeats in zip(stages, _REPEATS):
        for repeat in range(repeats):
            x = v2_unit(b, x) if repeat else v2_reduction(b, x, c_out)
    return classify(b, b.conv2d(x, last, activation="relu"), CLASSES)


def v2_unit(b: GraphBuilder, x: int, *, kernel: int = 3) -> int:
    """Half of the channels go through 1x1, depthwise and 1x1; they are joined to the other half and shuffled by two."""
    half = b.shape(x)[-1] // 2
    kept, y = b.layers("split", [x], Attributes(axis=-1, sizes=(half, half)))
    y = b.dwconv2d(b.conv2d(y, half, activation="relu"), kernel)
    return b.layer("channel_shuffle", b.layer("concat", kept, b.conv2d(y, half, activation="relu")), groups=2)


def v2_reduction(b: GraphBuilder, x: int, c_out: int, *, kernel: int = 3, stride: int = 2) -> int:
    """Two branches of ``x``, joined and shuffled by two: depthwise and 1x1; and 1x1, depthwise and 1x1."""
    left = b.conv2d(b.dwconv2d(x, kernel, stride), c_out // 2, activation="relu")
    y = b.dwconv2d(b.conv2d(x, c_out // 2, activation="relu"), kernel, stride)
    right = b.conv2d(y, c_out - c_out // 2, activation="relu")
    return b.layer("channel_shuffle", b.layer("concat", left, right), groups=2)


def v1_unit(
    b: GraphBuilder, x: int, c_out: int, *, stride: int, groups: int, entry_groups: int | None = None, kernel: int = 3
) -> int:
    """Grouped 1x1 to a quarter of ``c_out``, shuffle, depthwise, grouped 1x1; the result is added to ``x``.

    At a stride above 1 the result is concatenated with the average pooling of ``x`` instead.
    """
    c_in = b.shape(x)[-1]
    y = b.conv2d(x, c_out // _BOTTLENECK, groups=entry_groups or groups, activation="relu")
    y = b.dwconv2d(b.layer("channel_shuffle", y, groups=groups), kernel, stride)
    if stride == 1:
        return b.layer("relu", b.layer("add", x, b.conv2d(y, c_out, groups=groups)))
    shortcut = b.pool("avgpool2d", x, 3, stride, padding="same")
    return b.layer("relu", b.layer("concat", shortcut, b.conv2d(y, c_out - c_in, groups=groups)))


def _channels(name: str, table: Mapping[float, tuple[int, ...]], width: float) -> tuple[int, ...]:
    if width not in table:
        raise ZooError(
            f"{name}: width {width} has no published channel table; choose one of {', '.join(map(str, table))}"
        )
    return table[width]
