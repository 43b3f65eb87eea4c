"""Networks of a single operator, of any size along its batch, its rows and its channels."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


class Size(NamedTuple):
    """Sizes of a map, or of the output channels where an operator has its own; ``kernel`` is its window's side."""

    n: int = 1
    h: int = 8
    w: int = 8
    c_in: int = 16
    c_out: int = 16
    kernel: int = 1


PAIRS = ("add", "sub", "mul", "div", "maximum", "minimum")
UNARY = (
    *("relu", "relu6", "leaky_relu", "prelu", "hard_sigmoid", "hard_swish", "sigmoid", "swish", "tanh", "gelu"),
    *("softmax", "batch_norm", "layer_norm", "quantize", "dequantize", "copy"),
)
WEIGHTED = ("conv2d", "dwconv2d", "conv2d_transpose", "dense", "matmul")
POOLS = ("maxpool2d", "avgpool2d", "globalavgpool2d", "globalmaxpool2d", "mean")
MOVES = ("concat", "split", "slice", "strided_slice", "pad", "reshape", "transpose", "channel_shuffle", "resize")
OPERATORS = (*WEIGHTED, *POOLS, *PAIRS, *UNARY, *MOVES)


def reach(op: str, size: Size) -> int:
    """Rows of the input that one row of the output needs."""
    if op in ("conv2d", "dwconv2d"):
        return size.kernel
    return {"maxpool2d": max(size.kernel, 2), "avgpool2d": max(size.kernel, 2), "chain": 3}.get(op, 1)


def network(op: str, size: Size) -> Graph:
    """One operator over a map (N, H, W, C_in) that enters the network, its window unpadded.

    "chain" is three: a pointwise, a depthwise and a pointwise convolution.
    """
    b = GraphBuilder(op)
    x = b.input((size.n, size.h, size.w, size.c_in))
    return b.build(_layer(b, op, x, size))


def _layer(b: GraphBuilder, op: str, x: int, size: Size) -> tuple[int, ...] | int:
    if op == "conv2d":
        return b.conv2d(x, size.c_out, size.kernel, padding="valid")
    if op == "dwconv2d":
        return b.dwconv2d(x, size.kernel, padding="valid")
    if op == "dense":
        return b.dense(x, size.c_out)
    if op in ("maxpool2d", "avgpool2d"):
        return b.pool(op, x, reach(op, size), 1)
    if op == "chain":
        y = b.dwconv2d(b.conv2d(x, size.c_out, activation="relu"), 3, padding="valid", activation="relu")
        return b.conv2d(y, size.c_out)
    if op == "conv2d_transpose":
        return b.layer(op, x, c_out=size.c_out, kernel=(size.kernel,) * 2, stride=(2, 2))
    if op == "matmul":
        return b.layer(op, x, b.input((size.n, size.h, size.c_in, size.c_out), "columns"))
    if op in PAIRS:
        return b.layer(op, x, b.input(b.shape(x), "other"))
    if op == "concat":
        return b.layer(op, x, b.input(b.shape(x), "other"), axis=-1)
    return _moved(b, op, x)


def _moved(b: GraphBuilder, op: str, x: int) -> tuple[int, ...] | int:
    n, h, w, c = b.shape(x)
    if op == "split":
        return b.layers(op, [x], Attributes(axis=-1, sizes=(c // 2, c - c // 2)))
    if op == "slice":
        return b.layer(op, x, begin=(0, 0, 0, 0), sizes=(n, h, w, c // 2))
    if op == "strided_slice":
        return b.layer(op, x, begin=(0, 0, 0, 0), end=(n, h, w, c), steps=(1, 2, 2, 1))
    if op == "pad":
        return b.layer(op, x, pads=((0, 0), (1, 1), (1, 1), (0, 0)))
    if op == "reshape":
        return b.layer(op, x, sizes=(n, h * w, c))
    if op == "transpose":
        return b.layer(op, x, axes=(0, 3, 1, 2))
    if op == "channel_shuffle":
        return b.layer(op, x, groups=2)
    if op == "resize":
        return b.layer(op, x, sizes=(2 * h, 2 * w))
    if op == "mean":
        return b.layer(op, x, axes=(1, 2), keepdims=True)
    return b.layer(op, x)
