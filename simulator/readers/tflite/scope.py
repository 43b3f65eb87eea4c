"""What the conversion of a TFLite operator looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import Fact, Node
from stairline.simulator.readers.errors import ReadError

_FUSED = {1: "relu", 2: "tflite:RELU_N1_TO_1", 3: "relu6", 4: "tanh", 5: "tflite:SIGN_BIT"}
"""Codes of fused activations in the schema's enumeration ActivationFunctionType."""


class Scope(NamedTuple):
    """What a conversion looks at: the graph so far, what the file says of tensors, and small stored values."""

    builder: GraphBuilder
    facts: Mapping[str, Fact]
    values: Mapping[str, tuple[int, ...]]
    samples: Mapping[str, bytes]
    """Of large stored tensors of signed bytes."""
    tensors: dict[str, int]
    verified: bool
    """Whether the file's shapes hold; they do not once an input was given another shape."""

    def operand(self, node: Node, position: int) -> int:
        """Builder index of an operand; a stored one is declared when it is first used."""
        name = self.name(node, position)
        if name not in self.tensors:
            self.tensors[name] = self.builder.constant(self.stored_shape(node, position), name, self.facts[name].dtype)
        return self.tensors[name]

    def name(self, node: Node, position: int) -> str:
        """Name of an operand that must be there."""
        if position >= len(node.inputs) or not node.inputs[position]:
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} is missing: export the model again")
        return node.inputs[position]

    def input_shape(self, node: Node, position: int = 0) -> Shape:
        """Inferred shape of an activation."""
        return self.builder.shape(self.operand(node, position))

    def stored_shape(self, node: Node, position: int, rank: int | None = None) -> Shape:
        """Shape of a stored operand, of the given rank."""
        shape = self.facts[self.name(node, position)].shape
        if shape is None or any(size < 1 for size in shape) or rank not in (None, len(shape)):
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} has shape {shape}, not of rank {rank}")
        return shape

    def is_constant(self, node: Node, position: int) -> bool:
        """Whether an operand is stored."""
        return self.facts[self.name(node, position)].constant

    def numbers(self, node: Node, position: int) -> tuple[int, ...] | None:
        """Values of a small stored operand; None when it is computed or absent."""
        return self.values.get(node.inputs[position]) if position < len(node.inputs) else None

    def required(self, node: Node, position: int, what: str) -> tuple[int, ...]:
        """Values of an operand that shapes depend on."""
        values = self.numbers(node, position)
        if values is None:
            raise ReadError(f"node '{node.name}' ({node.op}): {what} are not stored in the file: export a fixed model")
        return values

    def option(self, node: Node, field: int, kind: str = "i", default: int = 0) -> int:
        """Number in the operator's option table."""
        return node.options.scalar(field, kind, default) if node.options else default

    def stated(self, node: Node) -> tuple[Shape, ...]:
        """The outputs' shapes by the file; none when one of them is open or no longer holds."""
        shapes = [self.facts[name].shape for name in node.outputs]
        return tuple(s for s in shapes if s is not None) if self.verified and None not in shapes else ()

    def add(
        self,
        node: Node,
        op: str,
        inputs: list[int],
        attributes: Attributes = NEUTRAL,
        fused: int | None = None,
        weights: int | None = None,
    ) -> tuple[int, ...]:
        """One layer with the node's outputs, and its fused activation (option id ``fused``) as a second.

        ``weights`` is the position of the operand that holds them.
        """
        sample = self.samples.get(node.inputs[weights], b"") if weights is not None else b""
        dtype, stated = self.facts[node.outputs[0]].dtype, self.stated(node)
        outputs = self.builder.layers(
            op, inputs, attributes, name=node.name, stated=stated, dtype=dtype, weights=sample
        )
        if len(outputs) != len(node.outputs):
            raise ReadError(f"node '{node.name}' ({node.op}): has {len(node.outputs)} outputs, gives {len(outputs)}")
        code = self.option(node, fused, "b") if fused is not None else 0
        if not code:
            return outputs
        if code not in _FUSED:
            raise ReadError(f"node '{node.name}' ({node.op}): fused activation {code} is unknown: update the reader")
        activation = _FUSED[code]
        shapes = [self.builder.shape(t) for t in outputs]
        label = f"{node.name}/{activation.removeprefix('tflite:').lower()}"
        return self.builder.layers(activation, outputs, name=label, stated=shapes, dtype=dtype)


Converter = Callable[[Scope, Node], tuple[int, ...]]
"""Adds a node's layers and returns its outputs."""
