"""The operators that move data as ONNX nodes: axes and orders of the graph translated into the value's layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stairline.measure.models.common import refuse
from stairline.measure.models.parameters import Parameters
from stairline.simulator.graph.graph import Layer
from stairline.simulator.graph.ops import Shape

from .writer import NCHW, NHWC, TO_NCHW, Writer

Emitter = Callable[[Writer, Layer, Parameters], None]
"""Appends one layer's nodes to the file under construction."""


def axis_in(axis: int, rank: int, layout: str) -> int:
    """Where an axis of the graph stands in ``layout``."""
    axis %= rank
    return TO_NCHW.index(axis) if rank == 4 and layout == NCHW else axis


def reordered(values: Sequence[Any], layout: str) -> list[Any]:
    """One entry per axis, in the order of ``layout``."""
    return [values[i] for i in TO_NCHW] if len(values) == 4 and layout == NCHW else list(values)


def _concat(w: Writer, layer: Layer, _weights: Parameters) -> None:
    layout, rank = w.native(layer.inputs[0]), w.rank(layer.inputs[0])
    axis = axis_in(layer.attributes.axis, rank, layout)
    w.set(layer.outputs[0], layout, w.node("Concat", [w.get(t, layout) for t in layer.inputs], axis=axis)[0])


def _split(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x, sizes = layer.inputs[0], layer.attributes.sizes
    layout = w.native(x)
    axis = axis_in(layer.attributes.axis, w.rank(x), layout)
    parts = w.node("Split", [w.get(x, layout), w.integers(sizes)], len(sizes), axis=axis)
    for tensor, name in zip(layer.outputs, parts):
        w.set(tensor, layout, name)


def _slice(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x, a = layer.inputs[0], layer.attributes
    layout, rank = w.native(x), w.rank(x)
    if layer.op == "slice":
        end, steps = tuple(b + s for b, s in zip(a.begin, a.sizes)), (1,) * rank
    else:
        end, steps = a.end, a.steps
    if not len(a.begin) == len(end) == len(steps) == rank:
        raise refuse(layer, "begin, end and steps are not known along every axis")
    bounds = [w.integers(reordered(v, layout)) for v in (a.begin, end, tuple(range(rank)), steps)]
    bounds[2] = w.integers(range(rank))
    w.set(layer.outputs[0], layout, w.node("Slice", [w.get(x, layout), *bounds])[0])


def _pad(w: Writer, layer: Layer, _weights: Parameters) -> None:
    layout = w.native(layer.inputs[0])
    pads = reordered(layer.attributes.pads, layout)
    extents = w.integers([before for before, _ in pads] + [after for _, after in pads])
    w.set(layer.outputs[0], layout, w.node("Pad", [w.get(layer.inputs[0], layout), extents])[0])


def _reshape(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x, y = layer.inputs[0], layer.outputs[0]
    # With a single pixel or a single channel the elements stand in the same order in both layouts.
    source = w.native(x) if _order_is_free(w.shape(x)) else NHWC
    target = NCHW if _order_is_free(w.shape(y)) else NHWC
    shape = reordered(w.shape(y), target)
    w.set(y, target, w.node("Reshape", [w.get(x, source), w.integers(shape)])[0])


def _order_is_free(shape: Shape) -> bool:
    return len(shape) == 4 and (shape[1] * shape[2] == 1 or shape[3] == 1)


def _transpose(w: Writer, layer: Layer, _weights: Parameters) -> None:
    y = w.node("Transpose", [w.get(layer.inputs[0], NHWC)], perm=layer.attributes.axes)
    w.set(layer.outputs[0], NHWC, y[0])


def _channel_shuffle(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x, groups = layer.inputs[0], layer.attributes.groups
    if w.rank(x) != 4:
        raise refuse(layer, f"a shuffle is built for rank 4, not {w.shape(x)}")
    n, h, width, c = w.shape(x)
    split = w.node("Reshape", [w.get(x, NCHW), w.integers((n, groups, c // groups, h, width))])
    swapped = w.node("Transpose", split, perm=(0, 2, 1, 3, 4))
    w.set(layer.outputs[0], NCHW, w.node("Reshape", [swapped[0], w.integers((n, c, h, width))])[0])


def _resize(w: Writer, layer: Layer, _weights: Parameters) -> None:
    n, h, width, c = w.shape(layer.outputs[0])
    operands = [w.get(layer.inputs[0], NCHW), "", "", w.integers((n, c, h, width))]
    mode = layer.attributes.interpolation
    y = w.node("Resize", operands, mode=mode, coordinate_transformation_mode="half_pixel")
    w.set(layer.outputs[0], NCHW, y[0])


MOVES: dict[str, Emitter] = {
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "strided_slice": _slice,
    "pad": _pad,
    "reshape": _reshape,
    "transpose": _transpose,
    "channel_shuffle": _channel_shuffle,
    "resize": _resize,
}
