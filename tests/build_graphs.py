"""Small graphs, one per operator and form, from which models are built and read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


def mobile_network(size: int = 32) -> Graph:
    b = GraphBuilder("mobile")
    x = b.conv2d(b.input((1, size, size, 3)), 16, 3, 2, activation="relu6")
    for c_out, stride in ((16, 1), (24, 2)):
        y = b.conv2d(x, 6 * b.shape(x)[-1], activation="relu6")
        y = b.conv2d(b.dwconv2d(y, 3, stride, activation="relu6"), c_out)
        x = b.layer("add", x, y) if b.shape(x) == b.shape(y) else y
    x = b.layer("globalavgpool2d", b.conv2d(x, 64, activation="hard_swish"))
    return b.build(b.layer("softmax", b.dense(x, 10)))


def single(op: str, shape: tuple[int, ...] = (1, 9, 11, 8), others: int = 0, **attributes: Any) -> Graph:
    """A network of one layer, its further operands inputs of the same shape."""
    b = GraphBuilder(op)
    inputs = [b.input(shape, f"x{i}") for i in range(1 + others)]
    return b.build(b.layer(op, *inputs, **attributes))


def window(make: Callable[[GraphBuilder, int], int], shape: tuple[int, ...] = (1, 9, 11, 8)) -> Graph:
    b = GraphBuilder("window")
    return b.build(make(b, b.input(shape)))


def matmul(transpose_a: bool, transpose_b: bool) -> Graph:
    b = GraphBuilder("matmul")
    x = b.input((2, 3, 4, 5) if not transpose_a else (2, 3, 5, 4), "x")
    y = b.input((2, 3, 5, 6) if not transpose_b else (2, 3, 6, 5), "y")
    return b.build(b.layer("matmul", x, y, transpose_a=transpose_a, transpose_b=transpose_b))


def halves(sizes: tuple[int, ...]) -> Graph:
    b = GraphBuilder("split")
    x = b.conv2d(b.input((1, 5, 4, 3)), 8, 3)
    graph = b.layers("split", [x], Attributes(axis=-1, sizes=sizes))
    return b.build(graph)


def scaled_and_shifted() -> Graph:
    b = GraphBuilder("constants")
    x = b.conv2d(b.input((1, 6, 5, 3)), 4, 3)
    x = b.layer("mul", x, b.constant((4,), "scale"))
    return b.build(b.layer("add", b.constant((1, 6, 5, 1), "plane"), x))


def gated() -> Graph:
    b = GraphBuilder("gate")
    x = b.conv2d(b.input((1, 6, 6, 4)), 8, 3, activation="relu")
    y = b.dense(b.layer("mean", x, axes=(1, 2)), 8, activation="hard_sigmoid")
    return b.build(b.layer("mul", x, b.layer("reshape", y, sizes=(1, 1, 1, 8))))


def attention() -> Graph:
    b = GraphBuilder("attention")
    x = b.layer("reshape", b.conv2d(b.input((1, 4, 4, 3)), 8, 2, 2), sizes=(1, 4, 8))
    heads = []
    for _ in range(3):
        h = b.layer("reshape", b.dense(x, 8), sizes=(1, 4, 2, 4))
        heads.append(b.layer("transpose", h, axes=(0, 2, 1, 3)))
    weights = b.layer("softmax", b.layer("matmul", heads[0], heads[1], transpose_b=True))
    y = b.layer("transpose", b.layer("matmul", weights, heads[2]), axes=(0, 2, 1, 3))
    return b.build(b.layer("layer_norm", b.layer("add", x, b.layer("reshape", y, sizes=(1, 4, 8)))))


UNARY = (
    *("relu", "relu6", "leaky_relu", "prelu", "hard_sigmoid", "sigmoid", "tanh", "hard_swish", "swish", "gelu"),
    *("softmax", "batch_norm", "layer_norm"),
)
GRAPHS: dict[str, Graph] = {
    "mobile": mobile_network(),
    **{op: single(op) for op in UNARY},
    **{op: single(op, others=1) for op in ("add", "sub", "mul", "maximum", "minimum")},
    "concat": single("concat", others=2, axis=-1),
    "concat of rows": single("concat", others=1, axis=1),
    "add of three": single("add", others=2),
    "conv same": window(lambda b, x: b.conv2d(x, 6, 3, 2)),
    "conv same even": window(lambda b, x: b.conv2d(x, 6, 4, 3)),
    "conv valid": window(lambda b, x: b.conv2d(x, 6, 3, 2, padding="valid")),
    "conv asymmetric": window(lambda b, x: b.conv2d(x, 6, 3, 2, padding=(1, 0, 2, 1))),
    "conv rectangular": window(lambda b, x: b.conv2d(x, 6, (1, 5), (2, 1))),
    "conv dilated": window(lambda b, x: b.conv2d(x, 6, 3, dilation=2)),
    "conv grouped": window(lambda b, x: b.conv2d(x, 6, 3, groups=2)),
    "dwconv": window(lambda b, x: b.dwconv2d(x, 5, 2)),
    "dwconv multiplied": window(lambda b, x: b.dwconv2d(x, (3, 1), multiplier=3)),
    "dwconv dilated": window(lambda b, x: b.dwconv2d(x, 3, dilation=2)),
    "dwconv asymmetric": window(lambda b, x: b.dwconv2d(x, 3, 2, padding=(0, 1, 0, 1))),
    "transposed same": single("conv2d_transpose", c_out=5, kernel=(3, 3), stride=(2, 2), padding=(0, 1, 0, 1)),
    "transposed valid": single("conv2d_transpose", c_out=5, kernel=(4, 4), stride=(2, 2)),
    "transposed cropped": single("conv2d_transpose", c_out=5, kernel=(4, 4), stride=(2, 2), padding=(2, 1, 0, 1)),
    "maxpool same": window(lambda b, x: b.pool("maxpool2d", x, 3, 2, padding="same")),
    "maxpool padded": window(lambda b, x: b.pool("maxpool2d", x, 3, 2, padding=(1, 1, 1, 0))),
    "avgpool same": window(lambda b, x: b.pool("avgpool2d", x, 3, 2, padding="same")),
    "avgpool padded": window(lambda b, x: b.pool("avgpool2d", x, 3, 2, padding=(1, 1, 1, 0))),
    "globalavgpool": single("globalavgpool2d", keepdims=True),
    "globalavgpool flat": single("globalavgpool2d"),
    "globalmaxpool": single("globalmaxpool2d"),
    "mean of pixels": single("mean", axes=(1, 2)),
    "mean of rows": single("mean", axes=(1,)),
    "mean of channels": single("mean", axes=(-1,), keepdims=True),
    "mean of all": single("mean"),
    "dense": single("dense", (3, 7), c_out=5),
    "dense of pixels": single("dense", c_out=5),
    "matmul": matmul(False, False),
    "matmul transposed": matmul(True, True),
    "split": halves((4, 4)),
    "split uneven": halves((3, 5)),
    "slice": single("slice", begin=(0, 1, 2, 3), sizes=(1, 4, 5, 2)),
    "strided slice": single("strided_slice", begin=(0, 1, 0, 1), end=(1, 9, 11, 8), steps=(1, 2, 3, 2)),
    "pad": single("pad", pads=((0, 0), (1, 2), (0, 3), (0, 0))),
    "reshape": single("reshape", sizes=(1, 99, 8)),
    "reshape to rows": single("reshape", (1, 4, 6, 8), sizes=(1, 6, 4, 8)),
    "transpose": single("transpose", axes=(0, 2, 3, 1)),
    "shuffle": single("channel_shuffle", groups=4),
    "resize": single("resize", sizes=(18, 33)),
    "constants": scaled_and_shifted(),
    "gate": gated(),
    "attention": attention(),
}
