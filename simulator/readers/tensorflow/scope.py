"""What the conversion of a TensorFlow operation looks at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import Node
from stairline.simulator.readers.errors import ReadError


class Scope(NamedTuple):
    """The graph so far, which tensors are stored, and who reads what."""

    builder: GraphBuilder
    tensors: dict[str, int]
    constants: Collection[str]
    readers: Mapping[str, int]
    """How many live nodes and network outputs read each tensor."""
    weighted: set[int]
    """Outputs of layers with weights: a constant scale or shift per channel may still fold into them."""

    def is_constant(self, node: Node, position: int) -> bool:
        """Whether an operand is known before the network runs."""
        return self.name(node, position) in self.constants

    def name(self, node: Node, position: int) -> str:
        """Name of an operand that must be there."""
        if position >= len(node.inputs):
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} is missing: export the model again")
        return node.inputs[position]

    def operand(self, node: Node, position: int) -> int:
        """Builder index of an operand; a stored one is declared when it is first used."""
        name = self.name(node, position)
        if name not in self.tensors:
            dtype = node.options.inputs[position].dtype.name
            self.tensors[name] = self.builder.constant(self.shape(node, position), name, dtype)
        return self.tensors[name]

    def shape(self, node: Node, position: int, rank: int | None = None) -> Shape:
        """Shape of an operand, of the given rank; a scalar is (1,)."""
        self.name(node, position)
        shape = _fixed(node, node.options.inputs[position])
        if rank not in (None, len(shape)):
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} has shape {shape}, not of rank {rank}")
        return shape

    def stated(self, node: Node) -> tuple[Shape, ...]:
        """The shapes of the node's outputs by TensorFlow's own inference."""
        return tuple(_fixed(node, tensor) for tensor in node.options.outputs)

    def numbers(self, node: Node, position: int, what: str) -> tuple[int, ...]:
        """Values of an integer operand that the layer depends on. Raises ReadError when they are not stored."""
        from tensorflow.python.framework.tensor_util import constant_value

        self.name(node, position)
        value = constant_value(node.options.inputs[position])
        if value is None:
            raise ReadError(f"node '{node.name}' ({node.op}): {what} are not stored in the file: export a fixed model")
        return tuple(int(number) for number in value.reshape(-1))

    def scalar(self, node: Node, position: int) -> float | None:
        """Value of a stored operand of one element; None for any other."""
        from tensorflow.python.framework.tensor_util import constant_value

        if self.shape(node, position) != (1,):
            return None
        value = constant_value(node.options.inputs[position])
        return None if value is None else float(value.reshape(-1)[0])

    def attribute(self, node: Node, name: str) -> Any:
        """One attribute of the operation, text decoded."""
        value = node.options.get_attr(name)
        return value.decode() if isinstance(value, bytes) else value

    def folds(self, node: Node, position: int, extra: int) -> bool:
        """Whether operand ``extra``, one value per channel, folds into the layer that alone feeds ``position``."""
        x = self.tensors.get(self.name(node, position))
        shape = self.shape(node, extra)
        channels = self.shape(node, position)[-1]
        per_channel = shape[-1] in (1, channels) and all(size == 1 for size in shape[:-1])
        return x in self.weighted and self.readers[node.inputs[position]] == 1 and per_channel

    def add(self, node: Node, op: str, inputs: Sequence[int], attributes: Attributes = NEUTRAL) -> tuple[int, ...]:
        """One layer with the node's outputs, its shapes verified against TensorFlow's."""
        dtype, stated = node.options.outputs[0].dtype.name, self.stated(node)
        return self.builder.layers(op, inputs, attributes, name=node.name, stated=stated, dtype=dtype)


Converter = Callable[[Scope, Node], tuple[int, ...]]
"""Adds a node's layers and returns its outputs."""


def _fixed(node: Node, tensor: Any) -> Shape:
    if tensor.shape.rank is None or None in tuple(tensor.shape):
        stated = "unknown" if tensor.shape.rank is None else tensor.shape
        raise ReadError(f"node '{node.name}' ({node.op}): shape {stated} is not fixed: give input shapes with --shape")
    return tuple(tensor.shape) or (1,)
