"""What a rule of the canonical form finds, and what rules ask about the layers around one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.graph import Graph


class Found(NamedTuple):
    """Layers that one layer, or none, stands for; layers and tensors are given by index."""

    layers: frozenset[int]
    """The layers that go, ``last`` among them; only they read what they write, but for the last one's result."""
    last: int
    """The layer whose result is replaced."""
    source: int
    """The tensor that the new layer reads or, where there is none, that stands in the result's place."""
    op: str = ""
    """The operator of the new layer; "" where none is needed."""
    attributes: Attributes = NEUTRAL
    weights: bytes = b""


Finder = Callable[[Graph, int], Found | None]
"""(graph, index of a layer) -> what ends in that layer or is told by it, or None."""


def plain(op: str) -> str:
    """The name of an operator without the format that it comes from: "rsqrt" for "tflite:RSQRT"."""
    return op if ":" not in op else op.rpartition(":")[2].lower()


def producer(graph: Graph, tensor: int, *ops: str) -> int:
    """Index of the layer that writes the tensor if its operator, format aside, is one of ``ops``, else -1."""
    source = graph.producer[tensor]
    return source if source >= 0 and plain(graph.layers[source].op) in ops else -1


def is_private(graph: Graph, members: Collection[int], last: int) -> bool:
    """Whether every tensor that the members write is read by members only, the result of ``last`` excepted."""
    inner = [t for i in members if i != last for t in graph.layers[i].outputs]
    return all(t not in graph.outputs and all(reader in members for reader in graph.consumers[t]) for t in inner)


def single_reader(graph: Graph, tensor: int) -> bool:
    """Whether exactly one layer reads the tensor, once, and the network does not give it."""
    return len(graph.consumers[tensor]) == 1 and tensor not in graph.outputs
