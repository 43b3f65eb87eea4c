"""Maps of few channels, which Vela treats as maps of more channels where an operator works element by element.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler_packing.cpp: ConvertOperation; shape_util.hpp:
ReshapeToIncreaseDepth.
"""

from __future__ import annotations

from math import isqrt, prod

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import as_nhwc
from stairline.simulator.runtimes.vela.activations import PASSED_THROUGH
from stairline.simulator.runtimes.vela.blocks.query import Size
from stairline.simulator.runtimes.vela.parts import is_pointwise

ONE_BY_ONE = PASSED_THROUGH | {"quantize", "add", "sub", "mul", "maximum", "minimum", "abs"}
MOST_ROWS_HIGH = 16
SHALLOW, GROUPED = 8, 16
"""Maps of fewer than ``SHALLOW`` channels are regrouped, into maps of at least ``GROUPED`` channels."""


def regroups(graph: Graph, layer: Layer) -> bool:
    """Whether Vela runs an operator on regrouped maps: all operands have one shape, or are single values."""
    shape = graph.tensors[layer.outputs[0]].shape
    if layer.op not in ONE_BY_ONE or shape[-1] >= SHALLOW or prod(shape) <= GROUPED:
        return False
    return all(prod(own) == 1 or own == shape for own in graph.shapes(layer.inputs))


def in_rows(graph: Graph, layer: Layer) -> bool:
    """Whether Vela runs a product on one map of all its rows, or a convolution of single pixels on one of all images.

    Where an activation is fused, it runs on that map too.
    """
    while (
        layer.op in PASSED_THROUGH
        and len(graph.consumers[layer.inputs[0]]) == 1
        and graph.producer[layer.inputs[0]] >= 0
    ):
        layer = graph.layers[graph.producer[layer.inputs[0]]]
        if layer.op == "conv2d":
            return False
    n, h, w, _ = as_nhwc(graph.tensors[layer.inputs[0]].shape)
    product = layer.op == "dense" or (is_pointwise(layer) and n > 1)
    return product and map_of_rows(n * h * w) != (n * h, w)


def map_of_rows(rows: int) -> tuple[int, int]:
    """Height and width of that map: the largest divisor up to 16 and up to the width is its height.

    Source: the shapes that Vela 5.2 lists with --verbose-schedule for products of 2 to 10,000 rows.
    """
    height = max(side for side in range(1, MOST_ROWS_HIGH + 1) if rows % side == 0 and side * side <= rows)
    return height, rows // height


def regrouped(size: Size) -> Size:
    """The size of the regrouped map, which has as many elements.

    Prime factors go to the channels until there are enough of them, then to height and width in turn.
    """
    channels = height = width = 1
    for factor in _prime_factors(prod(size)):
        if channels < GROUPED:
            channels *= factor
        elif width < height:
            width *= factor
        else:
            height *= factor
    return max(height, width), min(height, width), channels


def _prime_factors(number: int) -> list[int]:
    factors = []
    for factor in range(2, isqrt(number) + 1):
        while number % factor == 0:
            factors.append(factor)
            number //= factor
    return [*factors, number] if number > 1 else factors
