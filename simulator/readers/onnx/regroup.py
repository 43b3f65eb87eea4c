"""Pairs of reshapes around a transposition that move blocks of channels, which ONNX files spell out.

A pixel shuffle, its inverse and a channel shuffle become one operator each, as converters for devices recognise them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor


class Move(NamedTuple):
    """The operator that a chain stands for, and its attributes."""

    op: str
    options: dict[str, Any]


def regrouped(
    nodes: Sequence[FileNode], file_tensors: Mapping[str, FileTensor], outputs: Collection[str]
) -> list[FileNode]:
    """The nodes, in execution order, with one in place of each such chain; the others are unchanged."""
    producer = {name: node for node in nodes for name in node.outputs}
    readers: dict[str, list[FileNode]] = {}
    for node in nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    gone: set[str] = set()
    found: dict[str, FileNode] = {}
    for node in nodes:
        first = producer.get(node.inputs[0]) if node.op == "Transpose" else None
        after = readers.get(node.outputs[0], [])
        if first is None or first.op != "Reshape" or len(after) != 1 or after[0].op != "Reshape":
            continue
        inner = (first.outputs[0], node.outputs[0])
        if len(readers[inner[0]]) != 1 or any(name in outputs for name in inner):
            continue
        last = after[0]
        before, between = _shape(file_tensors, first.inputs[0]), _shape(file_tensors, inner[0])
        target, order = _shape(file_tensors, last.outputs[0]), node.options.get("perm", ())
        known = before is not None and between is not None and target is not None
        move = _move(before or (), between or (), target or (), order) if known else None
        if move is not None:
            gone.update((first.name, node.name))
            found[last.outputs[0]] = FileNode(last.name, move.op, first.inputs[:1], last.outputs, move.options)
    kept = [node for node in nodes if node.name not in gone or node.outputs[0] in found]
    return [found.get(node.outputs[0], node) for node in kept]


def _shape(file_tensors: Mapping[str, FileTensor], name: str) -> Shape | None:
    return file_tensors[name].shape if name in file_tensors else None


def _move(before: Shape, between: Shape, after: Shape, order: tuple[int, ...]) -> Move | None:
    """What moves elements from the first shape (N, C, H, W) to the last one; None where it is none of the three."""
    if len(before) != 4 or len(after) != 4:
        return None
    if order in ((0, 1, 4, 2, 5, 3), (0, 3, 4, 1, 5, 2)):
        block = between[2]
        high, wide = before[2] * block, before[3] * block
        fits = between[4:] == before[2:] and after == (before[0], before[1] // block**2, high, wide)
        return Move("DepthToSpace", {"blocksize": block}) if fits else None
    if order in ((0, 1, 3, 5, 2, 4), (0, 3, 5, 1, 2, 4)):
        block = between[3]
        fits = between[5] == block and after == (before[0], before[1] * block**2, between[2], between[4])
        return Move("SpaceToDepth", {"blocksize": block}) if fits else None
    swaps = order[:3] == (0, 2, 1) and order[3:] == tuple(range(3, len(between)))
    whole = before == after and between[1] * between[2] == before[1] and prod(between[3:]) == prod(before[2:])
    return Move("ChannelShuffle", {"groups": between[1]}) if swaps and whole else None
