"""How Vela stores each tensor: in bricks of 16 channels where nothing needs plain rows, joined parts as one tensor.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: UpdateSchedulerTensor and
CheckLinearFormatForConcatSplit; shape_util.hpp: ReshapeToIncreaseDepth.
"""

from __future__ import annotations

from collections.abc import Collection
from math import isqrt, prod
from typing import NamedTuple

from ..cost.ethos_u_memory import BRICK
from ..graph import Graph
from ..ops import ACTIVATIONS, as_nhwc
from .blocks import Size

VIEWS = frozenset({"reshape", "slice", "strided_slice"})
"""Operators whose output is their input, or part of it, under another shape."""


PAIRS = frozenset({"add", "sub", "mul"})


ONE_BY_ONE = ACTIVATIONS | {"quantize"}
SHALLOW, GROUPED = 8, 16
"""Channels below which an operator that maps one element to one regroups them, and to how many at least."""


class Layout(NamedTuple):
    """By tensor of a graph: which stored tensor it is or is part of, and whether that one is in bricks."""

    stored: tuple[int, ...]
    bricks: tuple[bool, ...]


def layout(graph: Graph, first: Collection[int]) -> Layout:
    """Stored tensors of a lowered graph, of whose layers ``first`` begin kernels.

    A concatenation's inputs are parts of its output.
    """
    stored, linear = _joined(graph)
    linear |= set(graph.inputs) | set(graph.outputs)
    for number, layer in enumerate(graph.layers):
        if number in first and regroups(layer.op, as_nhwc(graph.tensors[layer.inputs[0]].shape)[1:]):
            linear.update((stored[layer.inputs[0]], stored[layer.outputs[0]]))
        if layer.op in PAIRS and layer.inputs[0] in linear and any(_single(graph, t) for t in layer.inputs[1:]):
            linear.add(layer.outputs[0])  # Plain rows that meet a single value are regrouped, which bricks are not.
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


def _joined(graph: Graph) -> tuple[list[int], set[int]]:
    """By tensor the one that it is part of, and those whose parts do not begin at whole bricks."""
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


def regroups(op: str, size: Size) -> bool:
    """Whether an operator takes a map of few channels for one of more."""
    return op in ONE_BY_ONE and size[2] < SHALLOW and prod(size) > GROUPED


def regrouped(size: Size) -> Size:
    """A map of as many elements: prime factors go to the channels until there are enough, then to height and width."""
    factors = _prime_factors(prod(size))
    channels = height = width = 1
    for factor in factors:
        if channels < GROUPED:
            channels *= factor
        elif width < height:
            width *= factor
        else:
            height *= factor
    return max(height, width), min(height, width), channels


def _prime_factors(number: int) -> list[int]:
    factors = []
    for factor in range(2, isqrt(number) + 1):
        while number % factor == 0:
            factors.append(factor)
            number //= factor
    return [*factors, number] if number > 1 else factors


def _single(graph: Graph, tensor: int) -> bool:
    return prod(graph.tensors[tensor].shape) == 1
