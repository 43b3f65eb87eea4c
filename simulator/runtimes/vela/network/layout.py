"""How Vela stores each tensor: in bricks of 16 channels where nothing needs plain rows, joined parts as one tensor.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: UpdateSchedulerTensor and
CheckLinearFormatForConcatSplit.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from stairline.hwmodels.kernels.ethos_u.memory import BRICK
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import as_nhwc

from .regrouping import in_rows, regroups

VIEWS = frozenset({"reshape", "slice", "strided_slice"})
"""Operators whose output is a view of their input, or of a part of it, under another shape."""


class Layout(NamedTuple):
    """For each tensor of a graph: the stored tensor that it is or is part of, and whether that is kept in bricks."""

    stored: tuple[int, ...]
    bricks: tuple[bool, ...]


def layout(graph: Graph, borders: Collection[int]) -> Layout:
    """How Vela stores the tensors of a lowered graph; the inputs of a concatenation are parts of its output.

    ``borders`` are the tensors that anything but the Ethos-U reads or writes, which are in plain rows.
    """
    stored, linear = _joined(graph)
    linear |= {*borders, *_mixed(graph, stored)}
    for layer in graph.layers:
        if layer.op in VIEWS and not graph.tensors[layer.inputs[0]].constant:
            source, view = layer.inputs[0], layer.outputs[0]
            if as_nhwc(graph.tensors[source].shape)[2:] != as_nhwc(graph.tensors[view].shape)[2:]:
                linear.update((stored[source], stored[view]))
            if view in graph.outputs:
                linear.add(stored[source])
            stored[view] = stored[source]
    plain = {stored[t] for t in linear} | linear
    bricks = tuple(stored[t] not in plain and not tensor.constant for t, tensor in enumerate(graph.tensors))
    return Layout(tuple(stored), bricks)


def _mixed(graph: Graph, stored: list[int]) -> set[int]:
    """Tensors that operators see as maps of different shapes, which Vela keeps in plain rows."""
    seen: dict[tuple[int, bool], bool] = {}
    mixed = set()
    for layer in graph.layers:
        if layer.op not in ("reshape", "concat"):
            grouped, rows = regroups(graph, layer), in_rows(graph, layer)
            for tensor in layer.inputs if layer.op in VIEWS else (*layer.inputs, *layer.outputs):
                if seen.setdefault((tensor, False), grouped) != grouped:
                    mixed.add(tensor)
                if seen.setdefault((stored[tensor], True), rows) != rows:
                    mixed.add(tensor)
    return mixed


def _joined(graph: Graph) -> tuple[list[int], set[int]]:
    """For each tensor the one that it is part of; and the set of tensors whose parts do not begin at whole bricks."""
    stored, uneven = list(range(len(graph.tensors))), set()
    for layer in reversed(graph.layers):
        if layer.op != "concat":
            continue
        target = stored[layer.outputs[0]]
        in_depth = layer.attributes.axis in (-1, len(graph.tensors[layer.outputs[0]].shape) - 1)
        offset = 0
        for tensor in layer.inputs:
            stored[tensor] = target
            if in_depth and offset % BRICK:
                uneven.add(target)
            offset += graph.tensors[tensor].shape[-1]
    return stored, uneven
