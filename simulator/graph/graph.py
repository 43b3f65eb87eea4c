"""Tensors, layers and graphs: the one place where shapes are inferred and verified.

A graph is immutable. Its layers are in execution order and read tensors by index, so that every later step of a
prediction is a single pass. In a shape the batch comes first and the channels last, whatever the file's own order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from .attributes import NEUTRAL, Attributes
from .ops import OPS, Counts, OpError, Shape, count, is_canonical
from .sources import is_model_file

MAX_DIMENSION = 1 << 31
"""Largest dimension accepted, in elements: the signed 32-bit limit of the formats that are read."""


class GraphError(ValueError):
    """A network that breaks a rule of its operators: the message names the layer, the value and the rule."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array. ``shape`` is in elements, batch first, channels last; ``constant`` marks one the model stores."""

    name: str
    shape: Shape
    dtype: str = "float32"
    constant: bool = False
    value: float | None = None
    """The value of all elements of a constant, where it is known and one: spellings are told apart by it."""


class Layer(NamedTuple):
    """One operator applied to tensors; ``inputs`` and ``outputs`` are indices into the graph's tensors."""

    name: str
    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Attributes = NEUTRAL
    weights: bytes = b""
    """A sample of the layer's weights as signed bytes, for compilers that compress them; empty where none is known."""
    spelling: Graph | None = None
    """The layers in which the file spells the operator out, from its operand to its result; None where it names it."""


@dataclass(frozen=True)
class Graph:
    """A network: tensors, layers in execution order, and the tensors that are the network's inputs and outputs.

    Raises GraphError when a layer reads a tensor that nothing has produced yet, when two layers produce the same
    tensor, or when a stated shape differs from the inferred one.
    """

    name: str
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    dtype: str = "float32"
    source: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What the reader had to assume about the network, each a sentence."""

    def __repr__(self) -> str:
        return f"Graph('{self.name}', {self.dtype}: {len(self.layers)} layers)"

    def __post_init__(self) -> None:
        _verify_order(self)
        _verify_shapes(self)

    @classmethod
    def trusted(
        cls,
        name: str,
        tensors: tuple[Tensor, ...],
        layers: tuple[Layer, ...],
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        dtype: str,
        source: str,
        notes: tuple[str, ...] = (),
    ) -> Graph:
        """A graph whose order and shapes the caller has verified already, for instance for a whole file at once.

        Nothing is verified again. The arguments must be ones that ``Graph(...)`` accepts, and a reader that builds
        graphs this way has a test that they are.
        """
        graph = object.__new__(cls)
        fields = {"name": name, "tensors": tensors, "layers": layers, "inputs": inputs, "outputs": outputs}
        graph.__dict__.update(fields, dtype=dtype, source=source, notes=notes)
        return graph

    @property
    def file_dtype(self) -> str:
        """The precision of the model file that the network was read from; empty for any other network.

        Networks of the zoo, of layer tables and of programs are described without one.
        """
        return self.dtype if is_model_file(self.source) else ""

    @cached_property
    def consumers(self) -> tuple[tuple[int, ...], ...]:
        """The indices of the layers that read each tensor, in order; a layer that reads it twice is listed twice."""
        readers: list[list[int]] = [[] for _ in self.tensors]
        for index, layer in enumerate(self.layers):
            for tensor in layer.inputs:
                readers[tensor].append(index)
        return tuple(map(tuple, readers))

    @cached_property
    def producer(self) -> tuple[int, ...]:
        """The index of the layer that writes each tensor; -1 for inputs and constants."""
        producers = [-1] * len(self.tensors)
        for index, layer in enumerate(self.layers):
            for tensor in layer.outputs:
                producers[tensor] = index
        return tuple(producers)

    @cached_property
    def operators(self) -> frozenset[str]:
        """The operators of which the network has a layer."""
        return frozenset([layer.op for layer in self.layers])

    def shapes(self, tensors: Iterable[int]) -> tuple[Shape, ...]:
        """Shapes of the given tensors, in elements."""
        held = self.tensors
        return tuple([held[t].shape for t in tensors])

    def counts(self, layer: Layer) -> Counts:
        """Work and data of one of the network's layers; an operator outside the canonical set has data only."""
        return count(layer.op, self.shapes(layer.inputs), self.shapes(layer.outputs), layer.attributes)


def digest(graph: Graph) -> str:
    """A hash of everything in a graph that a prediction depends on, in 16 hexadecimal digits.

    Operators, attributes, edges, shapes, precisions, known values, samples of weights and spellings count; names do
    not.
    """
    tensors = [(t.shape, t.dtype, t.constant, *(() if t.value is None else (t.value,))) for t in graph.tensors]
    layers = [(s.op, s.inputs, s.outputs, _released(s.attributes)) for s in graph.layers]
    samples = [(i, hashlib.sha256(s.weights).digest()) for i, s in enumerate(graph.layers) if s.weights]
    spellings = [(i, digest(s.spelling)) for i, s in enumerate(graph.layers) if s.spelling is not None]
    known = [found for found in (samples, spellings) if found]
    text = repr((tensors, layers, graph.inputs, graph.outputs, *known))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _released(attributes: Attributes) -> tuple[object, ...]:
    """The attributes of the first release, and the interpolation where it is another than all resizes had then."""
    return tuple(attributes) if attributes.interpolation != NEUTRAL.interpolation else tuple(attributes)[:-1]


def infer(op: str, name: str, input_shapes: Sequence[Shape], attributes: Attributes) -> tuple[Shape, ...]:
    """Output shapes of one layer, in elements. Raises GraphError, which names the layer and the rule that it breaks."""
    try:
        shapes = OPS[op].shape(tuple(input_shapes), attributes)
    except OpError as error:
        raise GraphError(f"layer '{name}' ({op}): {error}") from None
    for shape in shapes:
        verify_dimensions(f"layer '{name}' ({op}): output", shape)
    return shapes


def verify_dimensions(what: str, shape: Shape) -> None:
    """Raise GraphError unless every dimension of ``shape`` is at least 1 and below MAX_DIMENSION."""
    if not shape or any(not 0 < d < MAX_DIMENSION for d in shape):
        raise GraphError(f"{what} shape {tuple(shape)}: every dimension must be at least 1 and below 2^31")


def verify_stated(name: str, op: str, inferred: Sequence[Shape], stated: Sequence[Shape]) -> None:
    """Raise GraphError when the output shapes that a file states differ from those inferred from the layer's inputs."""
    if stated and tuple(map(tuple, stated)) != tuple(inferred):
        raise GraphError(
            f"layer '{name}' ({op}): stated output {list(stated)}, but its inputs and attributes give {list(inferred)}"
        )


def _verify_order(graph: Graph) -> None:
    ready = set(graph.inputs) | {i for i, t in enumerate(graph.tensors) if t.constant}
    for layer in graph.layers:
        missing = [t for t in layer.inputs if t not in ready]
        if missing:
            tensor = graph.tensors[missing[0]].name if 0 <= missing[0] < len(graph.tensors) else f"#{missing[0]}"
            raise GraphError(f"layer '{layer.name}': reads tensor '{tensor}' that no earlier layer produces")
        repeated = ready.intersection(layer.outputs)
        if repeated:
            raise GraphError(f"layer '{layer.name}': writes tensor '{graph.tensors[min(repeated)].name}' a second time")
        ready.update(layer.outputs)
    dangling = [t for t in graph.outputs if t not in ready]
    if dangling:
        raise GraphError(f"graph '{graph.name}': output tensor #{dangling[0]} is never produced")


def _verify_shapes(graph: Graph) -> None:
    for layer in graph.layers:
        if is_canonical(layer.op):
            inferred = infer(layer.op, layer.name, graph.shapes(layer.inputs), layer.attributes)
            verify_stated(layer.name, layer.op, inferred, graph.shapes(layer.outputs))
