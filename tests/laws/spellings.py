"""One network in several spellings, as graphs: what a case is, and how it is spelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

Spellings = dict[str, Graph]


class Joined(NamedTuple):
    """Maps of ``channels`` channels and ``side`` pixels a side, entering the network or made by convolutions."""

    side: int
    channels: tuple[int, ...]
    source: str


def _operands(b: GraphBuilder, case: Joined) -> list[int]:
    xs = [b.input((1, case.side, case.side, c), f"x{i}") for i, c in enumerate(case.channels)]
    return xs if case.source == "inputs" else [b.conv2d(x, c) for x, c in zip(xs, case.channels)]


def concat_orders(case: Joined) -> Spellings:
    """The operands of a concatenation in their order and in the reverse one."""

    def graph(step: int) -> Graph:
        b = GraphBuilder("concat")
        return b.build(b.layer("concat", *_operands(b, case)[::step], axis=-1))

    return {"first to last": graph(1), "last to first": graph(-1)}


class Pair(NamedTuple):
    """Two operands of an element-wise operator: what the second is, and the first's pixels a side and channels."""

    op: str
    second: str
    side: int
    channels: int


def operand_orders(case: Pair) -> Spellings:
    """The two operands of a commutative operator in either order, behind a convolution."""

    def graph(step: int) -> Graph:
        b = GraphBuilder(case.op)
        x = b.input((1, case.side, case.side, case.channels))
        y = b.conv2d(x, case.channels)
        if case.second == "convolution":
            other = b.conv2d(b.input(b.shape(x), "other"), case.channels)
        elif case.second == "skip":
            other = x
        elif case.second == "gate":
            other = b.input((1, 1, 1, case.channels), "gate")
        elif case.second == "pixel":
            other = b.input((1, case.side, case.side, 1), "pixels")
        else:
            other = b.constant((case.channels,), "stored")
        return b.build(b.layer(case.op, *(y, other)[::step]))

    return {"x, y": graph(1), "y, x": graph(-1)}


class Window(NamedTuple):
    """A convolution over a map, padded by ``padding``: "same" or as many elements on every side."""

    kind: str
    """conv2d, dwconv2d, or "halves" and "grouped": a convolution in two groups, or in as many as channels."""
    side: int
    channels: int
    kernel: int
    stride: int
    padding: str | int


def pad_spellings(case: Window) -> Spellings:
    """A convolution that pads, and an unpadded one behind a layer that pads."""
    kernel, stride = (case.kernel,) * 2, (case.stride,) * 2
    same = same_padding(case.side, case.side, kernel, stride)
    pads = same if case.padding == "same" else (int(case.padding),) * 4

    def graph(own: bool) -> Graph:
        b = GraphBuilder("pad")
        x = b.conv2d(b.input((1, case.side, case.side, case.channels)), case.channels)
        if not own and any(pads):
            x = b.layer("pad", x, pads=((0, 0), pads[:2], pads[2:], (0, 0)))
        window = pads if own else (0, 0, 0, 0)
        if case.kind == "dwconv2d":
            return b.build(b.dwconv2d(x, kernel, stride, padding=window))
        groups = {"conv2d": 1, "halves": 2, "grouped": case.channels}[case.kind]
        return b.build(b.conv2d(x, case.channels, kernel, stride, padding=window, groups=groups))

    return {"own padding": graph(True), "pad layer": graph(False)}


class Product(NamedTuple):
    """A matrix product of ``rows`` vectors of ``c_in`` elements into as many of ``c_out``."""

    rows: int
    c_in: int
    c_out: int


def _product(case: Product, shape: tuple[int, ...], op: str = "dense") -> Graph:
    b = GraphBuilder("product")
    x = b.input(shape)
    return b.build(b.dense(x, case.c_out) if op == "dense" else b.conv2d(x, case.c_out))


def dense_ranks(case: Product) -> Spellings:
    """A fully connected layer over the same rows as a matrix, a sequence and a map."""
    shapes = ((case.rows, case.c_in), (1, case.rows, case.c_in), (1, 1, case.rows, case.c_in))
    return {f"rank {len(shape)}": _product(case, shape) for shape in shapes}


def dense_or_convolution(case: Product) -> Spellings:
    """A fully connected layer over a map, and a 1x1 convolution over the same map."""
    shape = (1, 1, case.rows, case.c_in)
    return {"dense": _product(case, shape), "1x1 convolution": _product(case, shape, "conv2d")}


class Line(NamedTuple):
    """A window of ``kernel`` elements over a sequence of ``length``."""

    op: str
    length: int
    channels: int
    kernel: int
    stride: int


def axes_of_a_line(case: Line) -> Spellings:
    """A window over one axis, along the width of a map and along its height."""

    def graph(across: bool) -> Graph:
        b = GraphBuilder("line")
        x = b.input((1, 1, case.length, case.channels) if across else (1, case.length, 1, case.channels))
        kernel, stride = ((1, case.kernel), (1, case.stride)) if across else ((case.kernel, 1), (case.stride, 1))
        if case.op == "conv2d":
            return b.build(b.conv2d(x, case.channels, kernel, stride))
        if case.op == "dwconv2d":
            return b.build(b.dwconv2d(x, kernel, stride))
        return b.build(b.pool(case.op, x, kernel, stride))

    return {"along the width": graph(True), "along the height": graph(False)}


class Inserted(NamedTuple):
    """Where something that changes nothing stands behind a convolution: before ``reader``."""

    reader: str
    side: int
    channels: int


def _with_inserted(case: Inserted, insert: Callable[[GraphBuilder, int], int] | None) -> Graph:
    b = GraphBuilder("inserted")
    x = b.input((1, case.side, case.side, case.channels))
    y = b.conv2d(x, case.channels)
    y = y if insert is None else insert(b, y)
    if case.reader == "add":
        return b.build(b.layer("add", y, x))
    if case.reader == "conv2d":
        return b.build(b.conv2d(y, case.channels))
    return b.build(y if case.reader == "output" else b.layer(case.reader, y))


def identity_reshape(case: Inserted) -> Spellings:
    """A network with and without a reshape to the very shape that the tensor has."""
    return {
        "plain": _with_inserted(case, None),
        "reshaped": _with_inserted(case, lambda b, y: b.layer("reshape", y, sizes=b.shape(y))),
    }


def _split_and_rejoined(b: GraphBuilder, y: int) -> int:
    half = b.shape(y)[-1] // 2
    parts = b.layers("split", [y], Attributes(axis=-1, sizes=(half, b.shape(y)[-1] - half)))
    return b.layer("concat", *parts, axis=-1)


def split_and_rejoined(case: Inserted) -> Spellings:
    """A network with and without a split whose parts are put together again in their order."""
    return {"plain": _with_inserted(case, None), "split and rejoined": _with_inserted(case, _split_and_rejoined)}


class Branches(NamedTuple):
    """Two branches of two layers each behind one map, which ``join`` puts together."""

    join: str
    side: int
    channels: int
    width: int


def branch_orders(case: Branches) -> Spellings:
    """Independent branches one after the other, in either order, and layer by layer in turn."""

    def graph(order: str) -> Graph:
        b = GraphBuilder("branches")
        x = b.conv2d(b.input((1, case.side, case.side, case.channels)), case.channels)
        out: dict[str, int] = {"a": x, "b": x}
        for branch in order:
            if out[branch] == x:
                out[branch] = b.conv2d(x, case.width, 3 if branch == "a" else 1, activation="relu")
            else:
                out[branch] = b.dwconv2d(out[branch]) if branch == "a" else b.conv2d(out[branch], case.width)
        return b.build(b.layer(case.join, out["a"], out["b"]))

    return {order: graph(order) for order in ("aabb", "bbaa", "abab")}


class Grouped(NamedTuple):
    """A convolution in as many groups as it has channels."""

    side: int
    channels: int
    kernel: int
    stride: int


def depthwise_spellings(case: Grouped) -> Spellings:
    """A depthwise convolution, and a convolution in as many groups as channels."""

    def graph(grouped: bool) -> Graph:
        b = GraphBuilder("depthwise")
        x = b.input((1, case.side, case.side, case.channels))
        if grouped:
            return b.build(b.conv2d(x, case.channels, case.kernel, case.stride, groups=case.channels))
        return b.build(b.dwconv2d(x, case.kernel, case.stride))

    return {"depthwise": graph(False), "grouped": graph(True)}


class Pooled(NamedTuple):
    """The mean of every channel of a map."""

    side: int
    channels: int
    keepdims: bool


def global_means(case: Pooled) -> Spellings:
    """A global average pooling, and a mean over height and width."""

    def graph(op: str) -> Graph:
        b = GraphBuilder("mean")
        x = b.conv2d(b.input((1, case.side, case.side, case.channels)), case.channels)
        if op == "mean":
            return b.build(b.layer("mean", x, axes=(1, 2), keepdims=case.keepdims))
        return b.build(b.layer("globalavgpool2d", x, keepdims=case.keepdims))

    return {"globalavgpool2d": graph("globalavgpool2d"), "mean": graph("mean")}


def swish_spellings(case: Inserted) -> Spellings:
    """A swish, and a map times its own sigmoid."""
    return {
        "swish": _with_inserted(case, lambda b, y: b.layer("swish", y)),
        "sigmoid and mul": _with_inserted(case, lambda b, y: b.layer("mul", y, b.layer("sigmoid", y))),
    }
