"""TFLite operators that reduce, search or normalise along axes, converted to canonical layers."""

from __future__ import annotations

import struct

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .state import Converter, TfliteState

_POOLING = struct.Struct("<5i")
"""MediaPipe's options of a pooling: padding (1 is SAME), stride_w, stride_h, filter_w, filter_h (TfLitePoolParams)."""


def _reduction(op: str) -> Converter:
    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        attributes = Attributes(axes=s.required(n, 1, "axes"), keepdims=bool(s.option(n, 0, "?")))
        return s.add(n, op, [s.operand(n, 0)], attributes)

    return rule


def _along(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _search(op: str) -> Converter:
    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        return s.add(n, op, [s.operand(n, 0)], Attributes(axis=s.required(n, 1, "axis")[0]))

    return rule


def _topk(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "topk", [s.operand(n, 0)], Attributes(sizes=s.required(n, 1, "k")))


def _pool_argmax(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """MediaPipe's pooling that also gives the position of each maximum."""
    stored, shape = n.options.bytes(5, 64), s.input_shape(n)
    if stored is None or len(stored) < _POOLING.size or len(shape) != 4:
        raise ReadError(f"node '{n.name}' ({n.op}): its options are missing: export the model again")
    padding, stride_w, stride_h, width, height = _POOLING.unpack_from(stored)
    if min(stride_w, stride_h, width, height) < 1:
        raise ReadError(f"node '{n.name}' ({n.op}): window {height}x{width}, stride {stride_h}x{stride_w}: damaged")
    window = Attributes(kernel=(height, width), stride=(stride_h, stride_w))
    pads = same_padding(shape[1], shape[2], window.kernel, window.stride) if padding == 1 else (0, 0, 0, 0)
    return s.add(n, "maxpool2d_argmax", [s.operand(n, 0)], window._replace(padding=pads))


AXES: dict[str, Converter] = {
    "MEAN": _reduction("mean"),
    "SUM": _reduction("reduce_sum"),
    "REDUCE_MAX": _reduction("reduce_max"),
    "REDUCE_MIN": _reduction("reduce_min"),
    "REDUCE_PROD": _reduction("reduce_prod"),
    "REDUCE_ANY": _reduction("reduce_any"),
    "REDUCE_ALL": _reduction("reduce_all"),
    "ARG_MAX": _search("argmax"),
    "ARG_MIN": _search("argmin"),
    "TOPK_V2": _topk,
    "L2_NORMALIZATION": _along("l2_norm"),
    "LOCAL_RESPONSE_NORMALIZATION": _along("lrn"),
    "LOG_SOFTMAX": _along("log_softmax"),
    "CUMSUM": _along("cumsum"),
    "MaxPoolingWithArgmax2D": _pool_argmax,
}
"""Conversion of each operator, by its name in the TFLite schema, or in MediaPipe for a custom one."""
