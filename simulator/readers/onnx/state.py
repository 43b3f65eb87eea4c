"""The state that the conversion of ONNX operators reads and extends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stairline.simulator.graph.attributes import NEUTRAL, Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .layout import aligned, graph_axis, stored_order


class OnnxState(NamedTuple):
    """State of a conversion: the graph built so far, the tensors as the file states them, and their connections.

    Shapes in ``file_tensors`` are in the file's axis order; tensors are given by name.
    """

    builder: GraphBuilder
    file_tensors: Mapping[str, FileTensor]
    values: Mapping[str, tuple[float, ...]]
    """Values of the small stored operands, flattened."""
    tensors: dict[str, int]
    """The builder's index of each tensor that is in the graph."""
    images: Mapping[str, int]
    """The rank of each tensor that is an image, which the graph stores channels last."""
    producers: Mapping[str, FileNode]
    consumers: Mapping[str, tuple[FileNode, ...]]
    inputs: frozenset[str]
    outputs: frozenset[str]

    def name(self, node: FileNode, position: int) -> str:
        """The name of an operand. Raises ReadError where it is missing."""
        if position >= len(node.inputs) or not node.inputs[position]:
            raise ReadError(f"{where(node)}: operand {position} is missing: export the model again")
        return node.inputs[position]

    def is_constant(self, node: FileNode, position: int) -> bool:
        """Whether an operand is stored in the file, or computed from stored tensors and shapes alone."""
        name = self.name(node, position)
        return name in self.file_tensors and self.file_tensors[name].constant

    def constant_shape(self, node: FileNode, position: int) -> Shape:
        """The shape of a constant operand in the file's axis order. Raises ReadError where it is not known."""
        file_tensor = self.file_tensors.get(self.name(node, position))
        if file_tensor is None or file_tensor.shape is None:
            raise ReadError(
                f"{where(node)}: the shape of operand {position} is computed while running: export with fixed shapes"
            )
        return file_tensor.shape

    def operand(self, node: FileNode, position: int) -> int:
        """The builder's index of an operand; a constant is declared in the file's axis order."""
        name = self.name(node, position)
        if self.is_constant(node, position):
            shape = self.constant_shape(node, position) or (1,)
            return self.builder.constant(shape, name, self.file_tensors[name].dtype, self.uniform(name))
        if name not in self.tensors:
            raise ReadError(
                f"{where(node)}: reads '{name}', an optional output that is not read: export the model without it"
            )
        return self.tensors[name]

    def uniform(self, name: str) -> float | None:
        """The value of all elements of a small stored tensor; None where it is not one, or not known."""
        values = self.values.get(name)
        return float(values[0]) if values and all(value == values[0] for value in values) else None

    def plain(self, node: FileNode, position: int) -> int:
        """The builder's index of an operand in the file's axis order; an image is transposed back by a layer."""
        index, image = self.operand(node, position), self.image(node, position)
        if not image or self.is_constant(node, position):
            return index
        order = stored_order(image, image)
        return self.permuted(node, index, image, tuple(order.index(axis) for axis in range(image)), 0)

    def permuted(self, node: FileNode, index: int, image: int, order: tuple[int, ...], target: int) -> int:
        """A tensor with its stored axes in another ``order``; no layer where nothing moves.

        ``image`` is the rank of the tensor where it is an image along some axes, and ``target`` that of the result.
        """
        if image == 3:
            shape = self.builder.shape(index)
            index = self.builder.layer("reshape", index, name=f"{node.name}/flat", sizes=(shape[0], *shape[2:]))
        if order != tuple(range(len(order))):
            index = self.builder.layer("transpose", index, name=f"{node.name}/axes", axes=order)
        if target == 3:
            shape = self.builder.shape(index)
            index = self.builder.layer("reshape", index, name=f"{node.name}/high", sizes=(shape[0], 1, *shape[1:]))
        return index

    def broadcast(self, node: FileNode, position: int, image: int) -> int:
        """The builder's index of an operand of an element-wise operator whose result is an ``image`` of this rank.

        ``image`` is 0 where the result is none.
        """
        name = self.name(node, position)
        if self.is_constant(node, position):
            shape = aligned(self.constant_shape(node, position), image)
            return self.builder.constant(shape, name, self.file_tensors[name].dtype, self.uniform(name))
        index = self.operand(node, position)
        shape = self.builder.shape(index)
        if not image or self.image(node, position):
            return index
        return self.builder.layer("reshape", index, name=f"{node.name}/align", sizes=aligned(shape, image))

    def shape(self, node: FileNode, position: int = 0) -> Shape:
        """The shape of an operand as the graph stores it, in elements."""
        return self.builder.shape(self.operand(node, position))

    def image(self, node: FileNode, position: int = 0) -> int:
        """The rank of an operand that is an image, which the graph stores channels last; 0 for another one."""
        return self.images.get(self.name(node, position), 0)

    def rank(self, node: FileNode, position: int = 0) -> int:
        """The rank of an operand in the file."""
        return self.image(node, position) or len(self.shape(node, position))

    def axis(self, node: FileNode, axis: int) -> int:
        """The position in the graph's order of axes of an ``axis`` that the file gives in its own order."""
        image = self.images.get(node.outputs[0], 0)
        rank = image or self.rank(node)
        if not -rank <= axis < rank:
            raise ReadError(f"{where(node)}: axis {axis} is outside rank {rank}")
        return graph_axis(axis % rank, image) if image else axis % rank

    def stated(self, name: str) -> Shape | None:
        """The shape that the file or ONNX's inference states for a tensor, in the graph's order; None without one."""
        file_tensor = self.file_tensors.get(name)
        if file_tensor is None or file_tensor.shape is None:
            return None
        return aligned(file_tensor.shape, self.images.get(name, 0))

    def required(self, node: FileNode, position: int, what: str) -> tuple[int, ...]:
        """The integers of a stored operand that shapes depend on; ``what`` names it in the ReadError otherwise."""
        values = self.values.get(self.name(node, position))
        if values is None:
            raise ReadError(
                f"{where(node)}: operand {position} ({what}) is computed while running: export with fixed shapes"
            )
        return tuple(int(value) for value in values)

    def add(
        self, node: FileNode, op: str, inputs: list[int], attributes: Attributes = NEUTRAL, plain: bool = False
    ) -> tuple[int, ...]:
        """Append a layer with the node's outputs and return them.

        ``plain`` says that the layer works in the file's axis order: outputs that are images are then transposed.
        """
        names = [name for name in node.outputs if name]
        shapes = [self.file_tensors[n].shape or (1,) if plain and self.stated(n) else self.stated(n) for n in names]
        stated = [shape for shape in shapes if shape is not None]
        dtype = self.builder.dtype if self.file_tensors.get(names[0]) is None else self.file_tensors[names[0]].dtype
        complete = stated if len(stated) == len(names) else []
        outputs = self.builder.layers(op, inputs, attributes, name=node.name, stated=complete, dtype=dtype)
        if len(outputs) != len(names):
            raise ReadError(
                f"{where(node)}: states {len(names)} outputs, but its operands give {len(outputs)}: "
                "export the model again"
            )
        if not plain:
            return outputs
        return tuple(self._as_image(node, name, index) for name, index in zip(names, outputs))

    def _as_image(self, node: FileNode, name: str, index: int) -> int:
        image = self.images.get(name, 0)
        return self.permuted(node, index, 0, stored_order(image, image), image) if image else index


Converter = Callable[[OnnxState, FileNode], tuple[int, ...]]
"""A function that appends a node's layers and returns its output tensors."""


def where(node: FileNode) -> str:
    """The name and operator of a node, with which a message begins."""
    return f"node '{node.name}' ({node.op})"


def option(node: FileNode, name: str, default: Any) -> Any:
    """An attribute of the node, or ``default`` where the file leaves it out; an ONNX list is a tuple.

    Raises ReadError for an attribute that is not of the type of ``default``.
    """
    value = node.options.get(name, default)
    expected = (int, float) if isinstance(default, (int, float)) else type(default)
    if not isinstance(value, expected):
        raise ReadError(f"{where(node)}: attribute '{name}' is {value!r}, not of type {type(default).__name__}")
    return value


def unknown(s: OnnxState, n: FileNode, attributes: Attributes = NEUTRAL) -> tuple[int, ...]:
    """Append a layer "onnx:NAME" with the shapes that the file or ONNX's inference states; return its outputs."""
    missing = [name for name in n.outputs if name and s.stated(name) is None]
    if missing:
        raise ReadError(
            f"{where(n)}: no rule infers its output shape, and the file states no shape of '{missing[0]}': "
            "add a value_info for it, or export the model without it"
        )
    operands = [s.operand(n, i) for i, name in enumerate(n.inputs) if name and not _empty(s, n, i)]
    return s.add(n, f"onnx:{n.op}", operands, attributes)


def _empty(s: OnnxState, n: FileNode, position: int) -> bool:
    return s.is_constant(n, position) and 0 in s.constant_shape(n, position)
