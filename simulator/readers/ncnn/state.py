"""The blobs of an ncnn network that is being read, and how their axes stand in a graph.

ncnn has no batch; a blob is (w), (h, w), (c, h, w) or (c, d, h, w), outermost axis first. A graph holds them behind a
batch of 1, and those of three and four axes channels last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.errors import ReadError

from .text import NcnnLayer


class Blob(NamedTuple):
    """A tensor of the graph and its shape in ncnn's order of axes, outermost first."""

    tensor: int
    shape: Shape


class NcnnState(NamedTuple):
    """The graph built so far, and its blobs by name."""

    builder: GraphBuilder
    blobs: dict[str, Blob]
    notes: list[str]

    def blob(self, layer: NcnnLayer, place: int = 0) -> Blob:
        """An input of a layer. Raises ReadError where nothing has produced it."""
        if place >= len(layer.inputs) or layer.inputs[place] not in self.blobs:
            name = layer.inputs[place] if place < len(layer.inputs) else f"input {place}"
            raise ReadError(f"{layer.where}: reads '{name}', which nothing before it gives: convert the network again")
        return self.blobs[layer.inputs[place]]

    def image(self, layer: NcnnLayer, place: int = 0) -> Blob:
        """An input that must have three axes. Raises ReadError where it has not."""
        found = self.blob(layer, place)
        if len(found.shape) != 3:
            raise ReadError(f"{layer.where}: reads a blob of shape {found.shape}: it needs (c, h, w)")
        return found

    def add(
        self, layer: NcnnLayer, op: str, inputs: list[int], attributes: Attributes = NEUTRAL, suffix: str = ""
    ) -> Blob:
        """Append a layer with one output."""
        (tensor,) = self.builder.layers(op, inputs, attributes, name=f"{layer.name}{suffix}")
        return Blob(tensor, from_graph(self.builder.shape(tensor)))


def to_graph(shape: Shape) -> Shape:
    """A blob's shape as the graph holds it."""
    return (1, *shape[1:], shape[0]) if len(shape) >= 3 else (1, *shape)


def from_graph(shape: Shape) -> Shape:
    """The shape of a blob that the graph holds."""
    return (shape[-1], *shape[1:-1]) if len(shape) >= 4 else shape[1:]


def axis(layer: NcnnLayer, number: int, shape: Shape) -> int:
    """The graph's axis for one of a blob's axes, where 0 is the outermost. Raises ReadError for another number."""
    rank = len(shape)
    if not -rank <= number < rank:
        raise ReadError(f"{layer.where}: axis {number} is outside a blob of shape {shape}")
    number %= rank
    return number + 1 if rank < 3 else (rank if number == 0 else number)


Converter = Callable[[NcnnState, NcnnLayer], tuple[Blob, ...]]
"""A function that appends a line's layers and returns its blobs."""
