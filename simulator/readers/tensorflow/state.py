"""The state that the conversion of TensorFlow operations reads and extends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError


class TensorflowState(NamedTuple):
    """State of a conversion: the graph built so far, the constant tensors, and the readers of each tensor."""

    builder: GraphBuilder
    tensors: dict[str, int]
    """The builder's index of each tensor that is in the graph, by name."""
    constants: Collection[str]
    readers: Mapping[str, int]
    """The number of nodes and network outputs that read each tensor, by name."""
    weighted: set[int]
    """Outputs of layers with weights, into which a constant scale or shift per channel may still fold."""

    def is_constant(self, node: FileNode, position: int) -> bool:
        """Whether an operand is stored in the file, or computed from stored tensors and shapes alone."""
        return self.name(node, position) in self.constants

    def name(self, node: FileNode, position: int) -> str:
        """The name of an operand. Raises ReadError where it is missing."""
        if position >= len(node.inputs):
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} is missing: export the model again")
        return node.inputs[position]

    def operand(self, node: FileNode, position: int) -> int:
        """The builder's index of an operand; a constant is declared when it is first used."""
        name = self.name(node, position)
        if name not in self.tensors:
            dtype = node.options.inputs[position].dtype.name
            value = self.scalar(node, position)
            self.tensors[name] = self.builder.constant(self.shape(node, position), name, dtype, value)
        return self.tensors[name]

    def shape(self, node: FileNode, position: int, rank: int | None = None) -> Shape:
        """The shape of an operand, in elements; that of a scalar is (1,). Raises ReadError for another ``rank``."""
        self.name(node, position)
        shape = _fixed(node, node.options.inputs[position])
        if rank not in (None, len(shape)):
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} has shape {shape}, not of rank {rank}")
        return shape

    def stated(self, node: FileNode) -> tuple[Shape, ...]:
        """The shapes of the node's outputs as TensorFlow infers them."""
        return tuple(_fixed(node, tensor) for tensor in node.options.outputs)

    def numbers(self, node: FileNode, position: int, what: str) -> tuple[int, ...]:
        """The integers of a stored operand that the layer depends on; ``what`` names it in the ReadError otherwise."""
        from tensorflow.python.framework.tensor_util import constant_value

        self.name(node, position)
        value = constant_value(node.options.inputs[position])
        if value is None:
            raise ReadError(
                f"node '{node.name}' ({node.op}): operand {position} ({what}) is computed while running: "
                "export the model with fixed shapes"
            )
        return tuple(int(number) for number in value.reshape(-1))

    def scalar(self, node: FileNode, position: int) -> float | None:
        """The value of a stored operand of one element; None for any other operand."""
        from tensorflow.python.framework.tensor_util import constant_value

        if self.shape(node, position) != (1,):
            return None
        value = constant_value(node.options.inputs[position])
        return None if value is None else float(value.reshape(-1)[0])

    def attribute(self, node: FileNode, name: str) -> Any:
        """An attribute of the operation; text is decoded."""
        value = node.options.get_attr(name)
        return value.decode() if isinstance(value, bytes) else value

    def folds(self, node: FileNode, position: int, extra: int) -> bool:
        """Whether operand ``extra`` folds into the layer with weights that writes operand ``position``.

        It does where it has one value per channel and nothing else reads that layer's output.
        """
        x = self.tensors.get(self.name(node, position))
        shape = self.shape(node, extra)
        channels = self.shape(node, position)[-1]
        per_channel = shape[-1] in (1, channels) and all(size == 1 for size in shape[:-1])
        return x in self.weighted and self.readers[node.inputs[position]] == 1 and per_channel

    def add(self, node: FileNode, op: str, inputs: Sequence[int], attributes: Attributes = NEUTRAL) -> tuple[int, ...]:
        """Append a layer with the node's outputs, verify its shapes against TensorFlow's, and return the outputs."""
        dtype, stated = node.options.outputs[0].dtype.name, self.stated(node)
        return self.builder.layers(op, inputs, attributes, name=node.name, stated=stated, dtype=dtype)


Converter = Callable[[TensorflowState, FileNode], tuple[int, ...]]
"""A function that appends a node's layers and returns its output tensors."""


def _fixed(node: FileNode, tensor: Any) -> Shape:
    if tensor.shape.rank is None or None in tuple(tensor.shape):
        stated = "unknown" if tensor.shape.rank is None else tensor.shape
        raise ReadError(f"node '{node.name}' ({node.op}): shape {stated} is not fixed: give input shapes with --shape")
    return tuple(tensor.shape) or (1,)
