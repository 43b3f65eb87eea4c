"""Random networks of the operators that a layer table expresses."""

from __future__ import annotations

from hypothesis import strategies as st

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph


def windowed(draw: st.DrawFn, b: GraphBuilder, x: int, kind: str) -> int:
    _n, h, w, c = b.shape(x)
    kernel, stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3))), (draw(st.integers(1, 2)), 1)
    padding = draw(st.sampled_from(["same", "valid"])) if kernel[0] <= h and kernel[1] <= w else "same"
    if kind == "conv2d":
        groups = 2 if c % 2 == 0 and draw(st.booleans()) else 1
        return b.conv2d(x, draw(st.integers(1, 4)) * 2, kernel, stride, padding=padding, groups=groups)
    if kind == "dwconv2d":
        return b.dwconv2d(x, kernel, stride, multiplier=draw(st.integers(1, 2)), padding=padding)
    return b.pool(kind, x, kernel, stride, padding=padding)


def joined(draw: st.DrawFn, b: GraphBuilder, x: int, tensors: list[int], kind: str) -> int:
    if kind == "gate":
        return b.layer("mul", x, b.layer("globalavgpool2d", x, keepdims=True))
    if kind == "concat":
        beside = [t for t in tensors if b.shape(t)[:3] == b.shape(x)[:3]]
        return b.layer("concat", x, *draw(st.lists(st.sampled_from(beside), max_size=2)))
    same = [t for t in tensors if b.shape(t) == b.shape(x)]
    return b.layer(kind, x, draw(st.sampled_from(same)))


def reshaped(draw: st.DrawFn, b: GraphBuilder, x: int, kind: str) -> tuple[int, ...]:
    _n, h, w, c = b.shape(x)
    if kind == "resize":
        return (b.layer("resize", x, sizes=(draw(st.integers(1, 9)), draw(st.integers(1, 9)))),)
    if kind == "dense":
        return (b.dense(b.layer("reshape", x, sizes=(1, 1, 1, h * w * c)), 3),)
    if kind == "split" and c > 1:
        return b.layers("split", [x], Attributes(sizes=(1, c - 1)))
    return (b.layer("channel_shuffle", x, groups=c),)


WINDOWED, JOINED = ("conv2d", "dwconv2d", "maxpool2d", "avgpool2d"), ("add", "mul", "div", "concat", "gate")


RESHAPED, KEPT = ("resize", "dense", "split", "shuffle"), ("relu", "hard_swish", "softmax", "batch_norm")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Random networks of the operators that a table expresses, with forks, joins and splits."""
    b = GraphBuilder("random")
    entry = b.input((1, draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 4)) * 2))
    tensors = [entry, b.layer("relu", entry)]
    for kind in draw(st.lists(st.sampled_from(WINDOWED + JOINED + RESHAPED + KEPT), min_size=1, max_size=12)):
        x = draw(st.sampled_from(tensors))
        if kind in WINDOWED:
            tensors.append(windowed(draw, b, x, kind))
        elif kind in JOINED:
            tensors.append(joined(draw, b, x, tensors, kind))
        elif kind in RESHAPED:
            tensors += reshaped(draw, b, x, kind)
        else:
            tensors.append(b.layer(kind, x))
    return b.build(tensors[-1])


def meaning(graph: Graph) -> list[object]:
    """Operators, attributes, output shapes and edges; names and tensor numbers do not matter."""
    place: dict[int, object] = dict.fromkeys(graph.inputs, "input")
    layers: list[object] = []
    for number, layer in enumerate(graph.layers):
        place.update((t, (number, k)) for k, t in enumerate(layer.outputs))
        layers.append((layer.op, layer.attributes, [place[t] for t in layer.inputs], graph.shapes(layer.outputs)))
    return layers
