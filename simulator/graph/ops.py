"""The canonical operators: the output shapes and the amount of work of each. The unit of work is the MAC.

Counts follow Table 3 of the paper: a convolution is H_out W_out C_out K^2 C_in / G multiply-accumulates (MACs). The
arithmetic of element-wise operators is counted in element operations, apart from MACs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from . import families, moves, shapes
from .attributes import Attributes
from .shapes import OpError, Shape

__all__ = ["ACTIVATIONS", "OPS", "Counts", "OpError", "OpSpec", "Shape", "as_nhwc", "count", "is_canonical"]

Shapes = tuple[Shape, ...]


class Counts(NamedTuple):
    """Work and data of one layer: multiply-accumulates, element operations, and elements of parameters and tensors."""

    macs: int
    element_ops: int
    """Arithmetic operations that are no multiply-accumulates, such as those of additions and activations."""
    weight_elements: int
    """Parameters that the model stores: filters and bias, or a scale and a shift."""
    input_elements: int
    """Elements of all operands that the layer reads, constants included and weights not."""
    output_elements: int


class OpSpec(NamedTuple):
    """Rules of one canonical operator: output shapes, MACs, parameters and element operations."""

    shape: Callable[[Shapes, Attributes], Shapes]
    macs: Callable[[Shapes, Shapes, Attributes], int]
    weights: Callable[[Shapes, Attributes], int]
    ops_per_element: int
    """Element operations for each output element, or for each input element of a reduction."""


def as_nhwc(shape: Shape) -> tuple[int, int, int, int]:
    """A shape of any rank as (N, H, W, C): leading dimensions fold into N, and missing spatial ones are 1."""
    rank = len(shape)
    if rank == 4:
        return shape  # type: ignore[return-value]
    if rank == 1:
        return 1, 1, 1, shape[0]
    if rank == 2:
        return shape[0], 1, 1, shape[1]
    if rank == 3:
        return shape[0], 1, shape[1], shape[2]
    return prod(shape[:-3]), shape[-3], shape[-2], shape[-1]


def is_canonical(op: str) -> bool:
    """Whether the operator is one of ``OPS``, which have rules for shapes and counts."""
    return op in OPS


def count(op: str, inputs: Shapes, outputs: Shapes, attributes: Attributes) -> Counts:
    """Work and data of one layer with these input and output shapes; an operator outside ``OPS`` has data only."""
    elements_in = prod(inputs[0]) if len(inputs) == 1 else sum(map(prod, inputs))
    elements_out = prod(outputs[0]) if len(outputs) == 1 else sum(map(prod, outputs))
    if op in _PARTS:
        elements_in = elements_out
    elif op in _GATHERS:
        elements_in = elements_out + prod(inputs[1])
    spec = OPS.get(op)
    if spec is None:
        return Counts(0, 0, 0, elements_in, elements_out)
    counted = elements_in if op in _REDUCTIONS else elements_out
    if op == "resize":
        counted *= _WEIGHED[attributes.interpolation]
    return Counts(
        spec.macs(inputs, outputs, attributes),
        counted * spec.ops_per_element,
        spec.weights(inputs, attributes),
        elements_in,
        elements_out,
    )


def _no_macs(_i: Shapes, _o: Shapes, _a: Attributes) -> int:
    return 0


def _no_weights(_i: Shapes, _a: Attributes) -> int:
    return 0


def _conv_macs(i: Shapes, o: Shapes, a: Attributes) -> int:
    return prod(o[0]) * a.kernel[0] * a.kernel[1] * i[0][-1] // a.groups


def _conv_weights(i: Shapes, a: Attributes) -> int:
    return (a.kernel[0] * a.kernel[1] * i[0][-1] // a.groups + 1) * a.c_out


def _dw_macs(_i: Shapes, o: Shapes, a: Attributes) -> int:
    return prod(o[0]) * a.kernel[0] * a.kernel[1]


def _dw_weights(i: Shapes, a: Attributes) -> int:
    return (a.kernel[0] * a.kernel[1] + 1) * i[0][-1] * a.multiplier


def _transposed_macs(i: Shapes, _o: Shapes, a: Attributes) -> int:
    return prod(i[0]) * a.kernel[0] * a.kernel[1] * a.c_out // a.groups


def _dense_macs(i: Shapes, o: Shapes, _a: Attributes) -> int:
    return prod(o[0]) * i[0][-1]


def _dense_weights(i: Shapes, a: Attributes) -> int:
    return (i[0][-1] + 1) * a.c_out


def _matmul_macs(i: Shapes, o: Shapes, a: Attributes) -> int:
    return prod(o[0]) * i[0][-2 if a.transpose_a else -1]


def _conv3d_macs(i: Shapes, o: Shapes, a: Attributes) -> int:
    return prod(o[0]) * prod(a.steps) * i[0][-1] // a.groups


def _conv3d_weights(i: Shapes, a: Attributes) -> int:
    return (prod(a.steps) * i[0][-1] // a.groups + 1) * a.c_out


def _recurrent_macs(i: Shapes, _o: Shapes, a: Attributes) -> int:
    """For each step and gate, the product of the step's input and that of the state of the step before."""
    return prod(i[0][:2]) * a.multiplier * a.c_out * (i[0][-1] + a.c_out) * a.groups


def _recurrent_weights(i: Shapes, a: Attributes) -> int:
    return a.multiplier * a.c_out * (i[0][-1] + a.c_out + 1) * a.groups


_WEIGHED = {"nearest": 0, "linear": 4, "cubic": 16}
"""Elements of the input of which resize weighs the sum, along height and width; the nearest one is copied."""


def _channel_pair(i: Shapes, _a: Attributes) -> int:
    return 2 * i[0][-1]


def _channel(i: Shapes, _a: Attributes) -> int:
    return i[0][-1]


def _plain(shape: Callable[[Shapes, Attributes], Shapes], ops_per_element: int = 0) -> OpSpec:
    return OpSpec(shape, _no_macs, _no_weights, ops_per_element)


# Operations per element: the activation formulas of the paper's Fig. 7 with an exponential counted as six
# multiply-adds (the order of the polynomial that vector libraries evaluate), which gives the paper's order
# ReLU < ReLU6 < HardSwish < Sigmoid < Swish.
_ACTIVATION_OPS = {
    "relu": 1,
    "relu6": 2,
    "leaky_relu": 2,
    "hard_sigmoid": 4,
    "hard_swish": 5,
    "sigmoid": 8,
    "swish": 9,
    "tanh": 10,
    "gelu": 14,
}

ACTIVATIONS = frozenset(_ACTIVATION_OPS)
"""Activation functions: unary operators whose output has the input's shape."""

_REDUCTIONS = frozenset({"mean", "globalavgpool2d", "globalmaxpool2d", *families.REDUCTIONS, *families.SEARCHES})

_PARTS = frozenset({"slice", "strided_slice"})
"""Operators that read only those elements of their input that they write."""

_GATHERS = frozenset({"gather", "gather_nd"})
"""Operators that read their indices, and those elements of their first input that they write."""

OPS: dict[str, OpSpec] = {
    "conv2d": OpSpec(shapes.conv2d, _conv_macs, _conv_weights, 0),
    "dwconv2d": OpSpec(shapes.dwconv2d, _dw_macs, _dw_weights, 0),
    "conv2d_transpose": OpSpec(shapes.conv2d_transpose, _transposed_macs, _conv_weights, 0),
    "dense": OpSpec(shapes.dense, _dense_macs, _dense_weights, 0),
    "matmul": OpSpec(shapes.matmul, _matmul_macs, _no_weights, 0),
    "maxpool2d": _plain(shapes.pool2d, 1),
    "avgpool2d": _plain(shapes.pool2d, 1),
    "globalavgpool2d": _plain(shapes.global_pool, 1),
    "globalmaxpool2d": _plain(shapes.global_pool, 1),
    "mean": _plain(shapes.mean, 1),
    "add": _plain(shapes.broadcast, 1),
    "sub": _plain(shapes.broadcast, 1),
    "mul": _plain(shapes.broadcast, 1),
    "div": _plain(shapes.broadcast, 1),
    "maximum": _plain(shapes.broadcast, 1),
    "minimum": _plain(shapes.broadcast, 1),
    "concat": _plain(shapes.concat),
    "split": _plain(shapes.split),
    "slice": _plain(shapes.slice_),
    "strided_slice": _plain(shapes.strided_slice),
    "pad": _plain(shapes.pad),
    "reshape": _plain(shapes.reshape),
    "transpose": _plain(shapes.transpose),
    "reorder": _plain(shapes.same_as_input),
    "channel_shuffle": _plain(shapes.channel_shuffle),
    "resize": _plain(shapes.resize, 1),
    "softmax": _plain(shapes.same_as_input, 10),
    "batch_norm": OpSpec(shapes.same_as_input, _no_macs, _channel_pair, 2),
    "layer_norm": OpSpec(shapes.same_as_input, _no_macs, _channel_pair, 7),
    "instance_norm": OpSpec(shapes.same_as_input, _no_macs, _channel_pair, 7),
    "group_norm": OpSpec(shapes.same_as_input, _no_macs, _channel_pair, 7),
    "prelu": OpSpec(shapes.same_as_input, _no_macs, _channel, 2),
    "copy": _plain(shapes.same_as_input),
    "quantize": _plain(shapes.same_as_input, 2),
    "dequantize": _plain(shapes.same_as_input, 2),
    "conv3d": OpSpec(moves.conv3d, _conv3d_macs, _conv3d_weights, 0),
    "lstm": OpSpec(moves.recurrent, _recurrent_macs, _recurrent_weights, 40),
    "gru": OpSpec(moves.recurrent, _recurrent_macs, _recurrent_weights, 30),
    "rnn": OpSpec(moves.recurrent, _recurrent_macs, _recurrent_weights, 11),
    "argmax": _plain(moves.argument, families.SEARCHES["argmax"]),
    "argmin": _plain(moves.argument, families.SEARCHES["argmin"]),
    "topk": _plain(moves.topk, families.SEARCHES["topk"]),
    "gather": _plain(moves.gather),
    "gather_nd": _plain(moves.gather_nd),
    "scatter_nd": _plain(moves.stated),
    "grid_sample": _plain(moves.stated, 8),
    "landmarks_to_matrix": _plain(moves.stated, families.SEARCHES["landmarks_to_matrix"]),
    "maxpool2d_argmax": _plain(moves.pool_argmax, 2),
    "fill": _plain(moves.stated),
    "one_hot": _plain(moves.stated),
    "tile": _plain(moves.tile),
    "expand": _plain(moves.tile),
    "pack": _plain(moves.pack),
    "unpack": _plain(moves.unpack),
    "reverse": _plain(shapes.same_as_input),
    "cast": _plain(shapes.same_as_input, 1),
    "depth_to_space": _plain(moves.depth_to_space),
    "space_to_depth": _plain(moves.space_to_depth),
    "space_to_batch": _plain(moves.space_to_batch),
    "batch_to_space": _plain(moves.batch_to_space),
    **{op: _plain(shapes.mean, 1) for op in families.REDUCTIONS},
    **{op: _plain(shapes.broadcast, n) for op, n in families.BINARY.items()},
    **{op: _plain(shapes.same_as_input, n) for op, n in families.ALONG_AXES.items()},
    **{op: _plain(shapes.same_as_input, n) for op, n in families.UNARY.items()},
    **{op: _plain(shapes.same_as_input, n) for op, n in _ACTIVATION_OPS.items()},
}
