"""What the conversion of an ONNX operator looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import Fact, Node
from stairline.simulator.readers.errors import ReadError

from .layout import TO_FIRST, TO_LAST, aligned


class Scope(NamedTuple):
    """The graph so far, what the file says of tensors (in its own axis order), and how the tensors are connected."""

    builder: GraphBuilder
    facts: Mapping[str, Fact]
    values: Mapping[str, tuple[float, ...]]
    """Small stored operands, flat."""
    tensors: dict[str, int]
    images: set[str]
    """Rank-4 tensors that are stored channels last here."""
    producers: Mapping[str, Node]
    consumers: Mapping[str, tuple[Node, ...]]
    inputs: frozenset[str]
    outputs: frozenset[str]

    def name(self, node: Node, position: int) -> str:
        """Name of an operand that must be there."""
        if position >= len(node.inputs) or not node.inputs[position]:
            raise ReadError(f"{where(node)}: operand {position} is missing: export the model again")
        return node.inputs[position]

    def is_constant(self, node: Node, position: int) -> bool:
        """Whether an operand is stored, or computed from stored ones alone."""
        name = self.name(node, position)
        return name in self.facts and self.facts[name].constant

    def constant_shape(self, node: Node, position: int) -> Shape:
        """Shape of a stored operand in the file's axis order."""
        fact = self.facts.get(self.name(node, position))
        if fact is None or fact.shape is None:
            raise ReadError(f"{where(node)}: operand {position} is computed and its shape unknown: simplify the model")
        return fact.shape

    def operand(self, node: Node, position: int) -> int:
        """Builder index of an operand as it is stored; a constant keeps the file's axes."""
        name = self.name(node, position)
        if self.is_constant(node, position):
            shape = self.constant_shape(node, position) or (1,)
            return self.builder.constant(shape, name, self.facts[name].dtype)
        if name not in self.tensors:
            raise ReadError(
                f"{where(node)}: reads '{name}', an optional result that cannot be read: simplify the model"
            )
        return self.tensors[name]

    def plain(self, node: Node, position: int) -> int:
        """Builder index of an operand in the file's axis order, an image transposed back to it."""
        index = self.operand(node, position)
        if not self.is_image(node, position):
            return index
        return self.builder.layer("transpose", index, name=f"{node.name}/to_channels_first", axes=TO_FIRST)

    def broadcast(self, node: Node, position: int, image: bool) -> int:
        """Builder index of an operand of an element-wise operator whose result may be an image."""
        name = self.name(node, position)
        if self.is_constant(node, position):
            shape = aligned(self.constant_shape(node, position), image)
            return self.builder.constant(shape, name, self.facts[name].dtype)
        index = self.operand(node, position)
        shape = self.builder.shape(index)
        if not image or len(shape) >= 4:
            return index
        return self.builder.layer("reshape", index, name=f"{node.name}/align", sizes=aligned(shape, image))

    def shape(self, node: Node, position: int = 0) -> Shape:
        """Shape of an activation as it is stored."""
        return self.builder.shape(self.operand(node, position))

    def is_image(self, node: Node, position: int = 0) -> bool:
        """Whether an operand is stored channels last."""
        return self.name(node, position) in self.images

    def axis(self, node: Node, axis: int, rank: int) -> int:
        """An axis of the first operand's (or the result's) file order, in the stored order."""
        if not -rank <= axis < rank:
            raise ReadError(f"{where(node)}: axis {axis} is outside rank {rank}")
        axis %= rank
        return TO_LAST.index(axis) if rank == 4 and node.outputs[0] in self.images else axis

    def stated(self, name: str) -> Shape | None:
        """Shape of a result as it is stored here, by the file and ONNX's own inference; None when they do not say."""
        fact = self.facts.get(name)
        if fact is None or fact.shape is None:
            return None
        return aligned(fact.shape, name in self.images)

    def required(self, node: Node, position: int, what: str) -> tuple[int, ...]:
        """Integers of a stored operand that shapes depend on."""
        values = self.values.get(self.name(node, position))
        if values is None:
            raise ReadError(f"{where(node)}: {what} are computed while running: simplify the model")
        return tuple(int(value) for value in values)

    def add(
        self, node: Node, op: str, inputs: list[int], attributes: Attributes = NEUTRAL, plain: bool = False
    ) -> tuple[int, ...]:
        """One layer with the node's outputs; results in the file's axis order (``plain``) become images if need be."""
        names = [name for name in node.outputs if name]
        shapes = [self.facts[n].shape or (1,) if plain and self.stated(n) else self.stated(n) for n in names]
        stated = [shape for shape in shapes if shape is not None]
        dtype = self.builder.dtype if self.facts.get(names[0]) is None else self.facts[names[0]].dtype
        complete = stated if len(stated) == len(names) else []
        outputs = self.builder.layers(op, inputs, attributes, name=node.name, stated=complete, dtype=dtype)
        if len(outputs) != len(names):
            raise ReadError(f"{where(node)}: has {len(names)} outputs, gives {len(outputs)}: export the model again")
        if not plain:
            return outputs
        return tuple(self._as_image(node, name, index) for name, index in zip(names, outputs))

    def _as_image(self, node: Node, name: str, index: int) -> int:
        if name not in self.images:
            return index
        return self.builder.layer("transpose", index, name=f"{node.name}/to_channels_last", axes=TO_LAST)


Converter = Callable[[Scope, Node], tuple[int, ...]]
"""Adds a node's layers and returns its outputs."""


def where(node: Node) -> str:
    """How a message names a node."""
    return f"node '{node.name}' ({node.op})"


def option(node: Node, name: str, default: Any) -> Any:
    """An attribute of the node, of the type of ``default``; an ONNX list is a tuple."""
    value = node.options.get(name, default)
    expected = (int, float) if isinstance(default, (int, float)) else type(default)
    if not isinstance(value, expected):
        raise ReadError(f"{where(node)}: attribute '{name}' is {value!r}, not of type {type(default).__name__}")
    return value


def unknown(s: Scope, n: Node) -> tuple[int, ...]:
    """A layer "onnx:NAME" with the shapes that the file or ONNX's inference states: data read and written."""
    missing = [name for name in n.outputs if name and s.stated(name) is None]
    if missing:
        raise ReadError(
            f"{where(n)}: no rule is known for it here or in ONNX, and the file states no shape of '{missing[0]}': "
            "add a value_info for it, or export the model without it"
        )
    return s.add(
        n, f"onnx:{n.op}", [s.operand(n, i) for i, name in enumerate(n.inputs) if name and not _empty(s, n, i)]
    )


def _empty(s: Scope, n: Node, position: int) -> bool:
    return s.is_constant(n, position) and 0 in s.constant_shape(n, position)
