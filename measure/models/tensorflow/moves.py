"""Operators that only move values, as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stairline.measure.models.common import refuse

from .context import Context, TfTensor


def _concat(c: Context, *inputs: TfTensor) -> TfTensor:
    return c.tf.concat(inputs, c.layer.attributes.axis)


def _split(c: Context, x: TfTensor) -> list[TfTensor]:
    a = c.layer.attributes
    equal = len(set(a.sizes)) == 1
    return list(c.tf.split(x, len(a.sizes) if equal else a.sizes, a.axis))


def _slice(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.slice(x, c.layer.attributes.begin, c.layer.attributes.sizes)


def _strided_slice(c: Context, x: TfTensor) -> TfTensor:
    a = c.layer.attributes
    if not len(a.begin) == len(a.end) == len(a.steps) == len(c.input_shapes[0]):
        raise refuse(c.layer, "begin, end and steps are not known along every axis")
    return c.tf.strided_slice(x, a.begin, a.end, a.steps)


def _pad(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.pad(x, c.layer.attributes.pads)


def _reshape(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.reshape(x, c.output_shapes[0])


def _transpose(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.transpose(x, c.layer.attributes.axes)


def _channel_shuffle(c: Context, x: TfTensor) -> TfTensor:
    groups, (*leading, channels) = c.layer.attributes.groups, c.input_shapes[0]
    x = c.tf.reshape(x, (*leading, groups, channels // groups))
    rank = len(leading)
    return c.tf.reshape(c.tf.transpose(x, (*range(rank), rank + 1, rank)), c.output_shapes[0])


def _resize(c: Context, x: TfTensor) -> TfTensor:
    resized = {"nearest": c.tf.raw_ops.ResizeNearestNeighbor, "linear": c.tf.raw_ops.ResizeBilinear}
    mode = c.layer.attributes.interpolation
    if mode not in resized:
        raise refuse(c.layer, f"TensorFlow Lite has no {mode} resize")
    return resized[mode](images=x, size=c.layer.attributes.sizes, half_pixel_centers=True)


MOVES: dict[str, Callable[..., Any]] = {
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "strided_slice": _strided_slice,
    "pad": _pad,
    "reshape": _reshape,
    "transpose": _transpose,
    "channel_shuffle": _channel_shuffle,
    "resize": _resize,
}
