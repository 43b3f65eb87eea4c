"""The tensors of an OpenVINO model by name, and its layers restated as the operators of ONNX that they are.

OpenVINO keeps ONNX's order of axes, and most of its operators are ONNX's under another name: restated, they go through
one conversion, so that both formats of a network give one graph.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .document import IrLayer
from .stored import PORTS

STORED = frozenset({"Const", "Constant"})
"""The operators that hold a stored tensor."""


class Contents(NamedTuple):
    """Tensors by name, the values of small stored ones, and the readers of each."""

    tensors: dict[str, FileTensor]
    values: dict[str, tuple[float, ...]]
    names: dict[tuple[str, str], str]
    """The name of the tensor that each output port (layer id, port id) gives."""
    readers: dict[str, list[IrLayer]]
    stored: set[str]
    """Tensors that the file stores, and operands that a restatement makes up, such as the scale of an attention."""
    normalised: set[str]
    """Normalisations, to which a scale and a shift may still belong."""

    def inputs(self, layer: IrLayer) -> tuple[str, ...]:
        """The names of what a layer reads. Raises ReadError for a port that no layer has."""
        missing = next((source for source in layer.inputs if source not in self.names), None)
        if missing is not None:
            raise ReadError(f"{layer.where}: reads port {missing[1]} of layer {missing[0]}, which nothing has")
        return tuple(self.names[source] for source in layer.inputs)

    def outputs(self, layer: IrLayer) -> tuple[str, ...]:
        """The names of what a layer gives; "" for a second or later output that nothing reads."""
        names = [self.names[layer.id, port.id] for port in layer.outputs]
        return tuple(name if place == 0 or self.readers.get(name) else "" for place, name in enumerate(names))

    def shape(self, name: str, layer: IrLayer) -> Shape:
        """The shape of a tensor. Raises ReadError where the file leaves it open."""
        found = self.tensors[name].shape
        if found is None:
            raise ReadError(
                f"{layer.where}: the shape of '{name}' is open: fix it with model.reshape(...) and save the model again"
            )
        return found

    def integers(self, layer: IrLayer, position: int, what: str) -> tuple[int, ...]:
        """The integers of a stored operand that shapes depend on."""
        names = self.inputs(layer)
        values = self.values.get(names[position]) if position < len(names) else None
        if values is None:
            raise ReadError(
                f"{layer.where}: operand {position} ({what}) is not known: keep the model's .bin file beside its .xml"
            )
        return tuple(int(value) for value in values)

    def node(self, layer: IrLayer, op: str, inputs: tuple[str, ...] | None = None, **options: Any) -> FileNode:
        """The layer as one operator of ONNX with these attributes."""
        names = self.inputs(layer) if inputs is None else inputs
        return FileNode(layer.name, op, names, self.outputs(layer), options)

    def between(self, layer: IrLayer, suffix: str, shape: Shape, dtype: str | None = None) -> str:
        """The name of a new tensor between two operators that one layer becomes."""
        name = f"{self.outputs(layer)[0]}/{suffix}"
        self.tensors[name] = FileTensor(shape, dtype or self.tensors[self.outputs(layer)[0]].dtype)
        return name


def contents(layers: list[IrLayer], values: dict[str, tuple[float, ...]]) -> Contents:
    """The tensors of all layers; ``values`` are those of small stored tensors, by the layer's id."""
    found = Contents({}, {}, {}, {}, set(), set())
    for layer in layers:
        for place, port in enumerate(layer.outputs):
            name = layer.name if place == 0 else f"{layer.name}:{place}"
            if not name or name in found.tensors:
                name = f"{name}#{layer.id}"
            fixed = None if None in port.dimensions else tuple(d for d in port.dimensions if d is not None)
            found.tensors[name] = FileTensor(fixed, PORTS.get(port.precision, port.precision.lower()))
            found.names[layer.id, port.id] = name
            if layer.kind in STORED:
                found.stored.add(name)
            if layer.id in values:
                found.values[name] = values[layer.id]
    for layer in layers:
        for name in found.inputs(layer):
            found.readers.setdefault(name, []).append(layer)
            if layer.kind == "Convert" and name in found.values and layer.outputs:
                found.values[found.outputs(layer)[0]] = found.values[name]  # Stored in fewer bits than it is used in.
    return found
