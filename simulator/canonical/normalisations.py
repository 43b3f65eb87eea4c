"""Normalisations that a file format spells out are replaced by the one operator that they compute."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import is_canonical

from .found import Found, is_private, plain, producer


def grouped_normalisation(graph: Graph, index: int) -> Found | None:
    """A normalisation of each instance between two reshapes, which is one of groups of channels, or None.

    The scale and the shift of the groups, where files multiply and add them behind, are its own.
    """
    inner = producer(graph, graph.layers[index].inputs[0], "instance_norm")
    first = producer(graph, graph.layers[inner].inputs[0], "reshape") if inner >= 0 else -1
    if first < 0:
        return None
    x, result = graph.layers[first].inputs[0], graph.layers[index].outputs[0]
    members, last = {first, inner, index}, index
    if graph.tensors[x].shape != graph.tensors[result].shape or not is_private(graph, members, index):
        return None
    for scaling in ("mul", "add"):
        readers = graph.consumers[graph.layers[last].outputs[0]]
        if len(readers) == 1 and graph.layers[readers[0]].op == scaling and _combines(graph, readers[0], {last}, -1):
            members.add(last := readers[0])
    return Found(frozenset(members), last, x, "group_norm")


class Head(NamedTuple):
    """The layers of a normalisation up to the square root of the variance."""

    x: int
    """The tensor that is normalised."""
    mean: int
    """The layer that computes its mean."""
    members: frozenset[int]


def normalisation(graph: Graph, index: int) -> Found | None:
    """The chain gamma * (x - mean) / sqrt(variance + epsilon) + beta around the given root, or None.

    Converters order its products and sums differently, write the root as Sqrt, Rsqrt or Pow, and the square as a
    product, a power or SquaredDifference. The layers before the root identify x and its mean. The layers behind it
    belong to the chain as long as they combine members, x and constants only, up to the one whose result has the shape
    of x and is all that other layers read; then follow the scale and the shift.
    """
    head = _head(graph, index)
    op = _operator(graph, head) if head is not None else ""
    if head is None or not op:
        return None
    x, members = head.x, {*head.members}
    for last in range(head.mean + 1, len(graph.layers)):
        if last not in members and _combines(graph, last, members, x):
            members.add(last)
        whole = graph.tensors[graph.layers[last].outputs[0]].shape == graph.tensors[x].shape
        if last in members and last > index and whole and is_private(graph, members, last):
            break
        if len(members) > _MAX_LAYERS:
            return None
    else:
        return None
    for scaling in ("mul", "add"):
        readers = graph.consumers[graph.layers[last].outputs[0]]
        if len(readers) == 1 and graph.layers[readers[0]].op == scaling and _combines(graph, readers[0], {last}, -1):
            members.add(last := readers[0])
    return Found(frozenset(members), last, x, op)


def _head(graph: Graph, index: int) -> Head | None:
    root = graph.layers[index]
    if plain(root.op) == "pow" and (len(root.inputs) < 2 or graph.tensors[root.inputs[1]].value not in (0.5, -0.5)):
        return None
    shifted = producer(graph, root.inputs[0], "add")
    spread = (
        next((t for t in graph.layers[shifted].inputs if producer(graph, t, "mean") >= 0), -1) if shifted >= 0 else -1
    )
    if spread < 0:
        return None
    variance = graph.producer[spread]
    squares = producer(graph, graph.layers[variance].inputs[0], "squared_difference", "pow", "mul", "square")
    if squares < 0:
        return None
    layer, members = graph.layers[squares], {variance, squares, shifted, index}
    if plain(layer.op) != "squared_difference":
        if not _squares(graph, squares):
            return None
        squares = producer(graph, layer.inputs[0], "sub")
        if squares < 0:
            return None
        layer = graph.layers[squares]
        members.add(squares)
    mean = producer(graph, layer.inputs[1], "mean")
    if mean < 0 or graph.layers[mean].inputs[0] != layer.inputs[0]:
        return None
    if graph.layers[mean].attributes != graph.layers[variance].attributes:
        return None
    return Head(layer.inputs[0], mean, frozenset({mean, *members}))


def _squares(graph: Graph, index: int) -> bool:
    """Whether a layer gives the square of its first operand."""
    layer = graph.layers[index]
    op, second = plain(layer.op), layer.inputs[-1]
    return (
        op == "square"
        or (op == "mul" and layer.inputs == (second, second))
        or (op == "pow" and graph.tensors[second].value == 2)
    )


def _operator(graph: Graph, head: Head) -> str:
    """The operator that normalises over the axes of the mean; "" where none does."""
    rank = len(graph.tensors[head.x].shape)
    axes = {axis % rank for axis in graph.layers[head.mean].attributes.axes}
    if axes == {rank - 1}:
        return "layer_norm"
    return "instance_norm" if rank == 4 and axes == {1, 2} and is_canonical("instance_norm") else ""


_MAX_LAYERS = 14
"""Number of layers of a normalisation beyond which it is none that a known converter writes."""


def _combines(graph: Graph, index: int, members: set[int], x: int) -> bool:
    """Whether a layer combines members' results, x and constants by arithmetic alone.

    At least one operand must be a member's result.
    """
    layer = graph.layers[index]
    made = [t for t in layer.inputs if graph.producer[t] in members]
    others = [t for t in layer.inputs if t not in made and t != x and not graph.tensors[t].constant]
    return plain(layer.op) in ("mul", "add", "sub", "div", "neg", "reciprocal") and bool(made) and not others
