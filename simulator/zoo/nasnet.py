"""NASNet-A mobile, 4 @ 1056 (Zoph et al. 2018), as TensorFlow's slim models define it.

A separable convolution is two times ReLU, depthwise convolution, pointwise convolution, batch normalisation. The batch
normalisation folds into the pointwise convolution. The one behind the concatenation of a factorised reduction has no
convolution to fold into and remains a layer.
"""

from __future__ import annotations

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

from .parts import CLASSES, classify, start

_FILTERS = 44
_STEM_CHANNELS = 32
_CELLS_PER_STAGE = 4


def nasnet_a_mobile(input_size: int) -> Graph:
    """NASNet-A mobile: two reduction cells, then three stages of four normal cells, with reductions between them."""
    b, x = start("nasnet_a_mobile", input_size)
    before, x = x, b.conv2d(x, _STEM_CHANNELS, 3, 2, padding="valid")
    before, x = x, _reduction_cell(b, x, x, _FILTERS // 4)
    before, x = x, _reduction_cell(b, x, before, _FILTERS // 2)
    for stage in range(3):
        filters = _FILTERS << stage
        if stage:
            before, x = x, _reduction_cell(b, x, before, filters)
        for _ in range(_CELLS_PER_STAGE):
            before, x = x, _normal_cell(b, x, before, filters)
    return classify(b, b.layer("relu", x), CLASSES)


def _normal_cell(b: GraphBuilder, x: int, before: int, filters: int) -> int:
    p, h = _fitted(b, before, x, filters), _pointwise(b, x, filters)
    return b.layer(
        "concat",
        p,
        b.layer("add", _separable(b, h, filters, 5), _separable(b, p, filters, 3)),
        b.layer("add", _separable(b, p, filters, 5), _separable(b, p, filters, 3)),
        b.layer("add", _pool(b, "avgpool2d", h), p),
        b.layer("add", _pool(b, "avgpool2d", p), _pool(b, "avgpool2d", p)),
        b.layer("add", _separable(b, h, filters, 3), h),
    )


def _reduction_cell(b: GraphBuilder, x: int, before: int, filters: int) -> int:
    p, h = _fitted(b, before, x, filters) if before != x else x, _pointwise(b, x, filters)
    first = b.layer("add", _separable(b, h, filters, 5, 2), _separable(b, p, filters, 7, 2))
    second = b.layer("add", _pool(b, "maxpool2d", h, 2), _separable(b, p, filters, 7, 2))
    third = b.layer("add", _pool(b, "avgpool2d", h, 2), _separable(b, p, filters, 5, 2))
    fourth = b.layer("add", second, _pool(b, "avgpool2d", first))
    fifth = b.layer("add", _separable(b, first, filters, 3), _pool(b, "maxpool2d", h, 2))
    return b.layer("concat", second, third, fourth, fifth)


def _fitted(b: GraphBuilder, before: int, x: int, filters: int) -> int:
    """The output ``before`` of the second last cell, brought to the height and width of ``x`` and to ``filters``."""
    if b.shape(before)[1:3] != b.shape(x)[1:3]:
        return _factorized_reduction(b, before, filters)
    return before if b.shape(before)[-1] == filters else _pointwise(b, before, filters)


def _factorized_reduction(b: GraphBuilder, x: int, filters: int) -> int:
    """Halve height and width by two strided paths, the second shifted by one pixel, so that odd pixels count too."""
    x = b.layer("relu", x)
    padded = b.layer("pad", x, pads=((0, 0), (0, 1), (0, 1), (0, 0)))
    shifted = b.layer("slice", padded, begin=(0, 1, 1, 0), sizes=b.shape(x))
    paths = [b.conv2d(b.pool("avgpool2d", path, 1, 2), filters // 2) for path in (x, shifted)]
    return b.layer("batch_norm", b.layer("concat", *paths))


def _separable(b: GraphBuilder, x: int, filters: int, kernel: int, stride: int = 1) -> int:
    for step in (stride, 1):
        x = b.conv2d(b.dwconv2d(b.layer("relu", x), kernel, step), filters)
    return x


def _pointwise(b: GraphBuilder, x: int, filters: int) -> int:
    return b.conv2d(b.layer("relu", x), filters)


def _pool(b: GraphBuilder, op: str, x: int, stride: int = 1) -> int:
    return b.pool(op, x, 3, stride, padding="same")
