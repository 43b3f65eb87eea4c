"""The state that the conversion of TFLite operators reads and extends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .contents import Values

_FUSED = {1: "relu", 2: "clip", 3: "relu6", 4: "tanh", 5: "tflite:SIGN_BIT"}
"""The operator of each fused activation, by its code in the schema's enumeration ActivationFunctionType."""


class TfliteState(NamedTuple):
    """State of a conversion: the graph built so far, the tensors as the file states them, and small stored values."""

    builder: GraphBuilder
    file_tensors: Mapping[str, FileTensor]
    values: Values
    samples: Mapping[str, bytes]
    """A sample of the bytes of each stored int8 tensor."""
    tensors: dict[str, int]
    """The builder's index of each tensor that is in the graph."""
    empty: set[str]
    """The names of computed tensors without elements, such as the part before the first one."""
    verified: bool
    """Whether the file's shapes are valid; they are not where the user gave an input another shape."""

    def operand(self, node: FileNode, position: int) -> int:
        """The builder's index of an operand; a stored operand is declared when it is first used."""
        name = self.name(node, position)
        if name in self.empty:
            raise ReadError(
                f"node '{node.name}' ({node.op}): operand {position} has no elements: export the model again"
            )
        if name not in self.tensors:
            stored = self.file_tensors[name]
            self.tensors[name] = self.builder.constant(
                self.stored_shape(node, position), name, stored.dtype, stored.value
            )
        return self.tensors[name]

    def name(self, node: FileNode, position: int) -> str:
        """The name of an operand. Raises ReadError where it is missing."""
        if position >= len(node.inputs) or not node.inputs[position]:
            raise ReadError(f"node '{node.name}' ({node.op}): operand {position} is missing: export the model again")
        return node.inputs[position]

    def input_shape(self, node: FileNode, position: int = 0) -> Shape:
        """The inferred shape of an operand, in elements."""
        return self.builder.shape(self.operand(node, position))

    def stored_shape(self, node: FileNode, position: int, rank: int | None = None) -> Shape:
        """The shape of a stored operand as the file states it. Raises ReadError where its rank is not ``rank``."""
        shape = self.file_tensors[self.name(node, position)].shape
        if shape is None or any(size < 1 for size in shape) or rank not in (None, len(shape)):
            expected = "with sizes of at least 1" if rank is None else f"of rank {rank} with sizes of at least 1"
            raise ReadError(
                f"node '{node.name}' ({node.op}): operand {position} has shape {shape}: expected one {expected}"
            )
        return shape

    def is_constant(self, node: FileNode, position: int) -> bool:
        """Whether an operand is stored in the file, or computed from stored tensors and shapes alone."""
        return self.file_tensors[self.name(node, position)].constant

    def is_empty(self, node: FileNode, position: int) -> bool:
        """Whether an operand has no elements, so that joining it adds nothing."""
        name = self.name(node, position)
        return name in self.empty or (self.is_constant(node, position) and 0 in (self.file_tensors[name].shape or ()))

    def nothing(self, node: FileNode) -> tuple[int, ...]:
        """Note that the node's output has no elements, and add no layer."""
        self.empty.add(node.outputs[0])
        return ()

    def numbers(self, node: FileNode, position: int) -> tuple[int, ...] | None:
        """The values of a small stored integer operand; None where it is computed or omitted."""
        return self.values.get(node.inputs[position]) if position < len(node.inputs) else None

    def required(self, node: FileNode, position: int, what: str) -> tuple[int, ...]:
        """The integers of a stored operand that shapes depend on; ``what`` names it in the ReadError otherwise."""
        values = self.numbers(node, position)
        if values is None:
            raise ReadError(
                f"node '{node.name}' ({node.op}): operand {position} ({what}) is computed while running: "
                "export the model with fixed shapes"
            )
        return values

    def option(self, node: FileNode, field: int, kind: str = "i", default: int = 0) -> int:
        """A number in the operator's option table, or ``default`` where the file leaves it out."""
        return node.options.scalar(field, kind, default) if node.options else default

    def known_shape(self, name: str) -> Shape | None:
        """The shape of a tensor that was converted, or of a stored one; None for others."""
        if name in self.tensors:
            return self.builder.shape(self.tensors[name])
        return self.file_tensors[name].shape if self.file_tensors[name].constant else None

    def stated(self, node: FileNode) -> tuple[Shape, ...]:
        """The shapes of all outputs as the file states them; () where one is open or an input's shape was replaced."""
        shapes = [self.file_tensors[name].shape for name in node.outputs]
        return tuple(s for s in shapes if s is not None) if self.verified and None not in shapes else ()

    def add(
        self,
        node: FileNode,
        op: str,
        inputs: list[int],
        attributes: Attributes = NEUTRAL,
        fused: int | None = None,
        weights: int | None = None,
    ) -> tuple[int, ...]:
        """Append a layer with the node's outputs, and its fused activation as a second layer; return the outputs.

        ``fused`` is the option id of the fused activation, ``weights`` the position of the operand of weights.
        """
        sample = self.samples.get(node.inputs[weights], b"") if weights is not None else b""
        dtype, stated = self.file_tensors[node.outputs[0]].dtype, self.stated(node)
        outputs = self.builder.layers(
            op, inputs, attributes, name=node.name, stated=stated, dtype=dtype, weights=sample
        )
        if len(outputs) != len(node.outputs):
            raise ReadError(
                f"node '{node.name}' ({node.op}): states {len(node.outputs)} outputs, but its operands give"
                f" {len(outputs)}: export the model again"
            )
        code = self.option(node, fused, "b") if fused is not None else 0
        if not code:
            return outputs
        if code not in _FUSED:
            raise ReadError(
                f"node '{node.name}' ({node.op}): fused activation {code} is unknown: known are 1 to {max(_FUSED)}"
            )
        activation = _FUSED[code]
        shapes = [self.builder.shape(t) for t in outputs]
        label = f"{node.name}/{activation.removeprefix('tflite:').lower()}"
        return self.builder.layers(activation, outputs, name=label, stated=shapes, dtype=dtype)


Converter = Callable[[TfliteState, FileNode], tuple[int, ...]]
"""A function that appends a node's layers and returns its output tensors."""
