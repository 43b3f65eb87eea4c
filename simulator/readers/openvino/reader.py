"""The reader of OpenVINO's IR: the network is in an .xml file, its weights, which are not read, in a .bin file beside.

The file states the shape of every tensor. Its operators are restated as those of ONNX and converted as those are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.assemble import Dimensions, FileNode, constants_among, in_order, input_shapes
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes
from stairline.simulator.readers.onnx.reader import converted, needed
from stairline.simulator.readers.onnx.regroup import regrouped

from .contents import STORED, Contents, contents
from .document import IrLayer, layers
from .operators import restated
from .stored import small_values

_NO_OPERATOR = frozenset({"Parameter", "Result", "Assign", *STORED})


def read_openvino(path: Path, shape: Shapes = None) -> Graph:
    """The network of an .xml file; ``shape`` is in the file's axis order (batch, channels, height, width).

    An open batch is taken as 1, where it is all that is open. Convolutions and products with a FakeQuantize before
    them are int8. An operator without a canonical one becomes a layer "openvino:NAME". Raises ReadError, also for a
    shape other than the file's, which states that of every tensor.
    """
    found_layers, notes = _with_batch(layers(path), shape)
    found = contents(found_layers, small_values(path, [layer for layer in found_layers if layer.kind in STORED]))
    inputs = {found.names[layer.id, layer.outputs[0].id]: layer for layer in found_layers if _is_input(layer)}
    shapes = input_shapes({name: layer.outputs[0].dimensions for name, layer in inputs.items()}, shape)
    for name, given in shapes.items():
        if given != (found.tensors[name].shape or (1,)):
            raise ReadError(
                f"--shape {','.join(map(str, given))}: input '{name}' is {found.tensors[name].shape}, and the file "
                "states all shapes that follow: fix it with model.reshape(...) and save the model again"
            )
    restatement = _nodes(found, found_layers)
    nodes = in_order(restatement, {*shapes, *found.stored})
    known = constants_among(nodes, found.stored, {"Shape"})
    tensors = {name: tensor._replace(constant=name in known) for name, tensor in found.tensors.items()}
    results = [name for layer in found_layers if layer.kind == "Result" for name in found.inputs(layer)]
    outputs = [name for name in dict.fromkeys(results) if name not in known] or results
    kept = regrouped(needed(nodes, outputs, known), tensors, outputs)
    return converted(path, kept, tensors, found.values, shapes, outputs, notes, "openvino")


def _is_input(layer: IrLayer) -> bool:
    if layer.kind == "Parameter" and not layer.outputs:
        raise ReadError(f"{layer.where}: is an input without an output port: save the model again")
    return layer.kind == "Parameter"


def _nodes(found: Contents, found_layers: list[IrLayer]) -> list[FileNode]:
    """The operators of ONNX that the layers are; what follows from stored tensors alone is marked as constant first."""
    known = constants_among([_as_stated(found, layer) for layer in found_layers], found.stored)
    for name in known:
        found.tensors[name] = found.tensors[name]._replace(constant=True)
    computing = [layer for layer in found_layers if layer.kind not in _NO_OPERATOR]
    return [node for layer in computing for node in restated(found, layer)]


def _as_stated(found: Contents, layer: IrLayer) -> FileNode:
    return FileNode(layer.name, layer.kind, found.inputs(layer), found.outputs(layer))


def _with_batch(found: list[IrLayer], shape: Shapes) -> tuple[list[IrLayer], tuple[str, ...]]:
    """The layers with an open first dimension at the batch that the user gives, or 1, and a sentence that says so.

    Raises ReadError where an input leaves anything else open: what follows from that, the file leaves open as well.
    """
    stated = {layer.name: layer.outputs[0].dimensions for layer in found if _is_input(layer)}
    opened = {name: dims for name, dims in stated.items() if None in dims}
    for name, dims in opened.items():
        if None in dims[1:]:
            raise ReadError(
                f"input '{name}': shape {_text(dims)} is open behind the batch, and so are shapes that follow: "
                "fix it with model.reshape(...) and save the model again"
            )
    if not opened:
        return found, ()
    given = shape if isinstance(shape, Mapping) else dict.fromkeys(opened, shape or ())
    batches = {next(iter(given.get(name) or (1,))) for name in opened}
    if len(batches) != 1:
        raise ReadError(f"--shape: the inputs have different batches: {sorted(batches)}: give them one")
    (batch,) = batches
    fixed = [
        layer._replace(outputs=tuple(p._replace(dimensions=_at(p.dimensions, batch)) for p in layer.outputs))
        for layer in found
    ]
    notes = [
        f"input '{name}': its open batch is 1: {_text(_at(dims, 1))}"
        for name, dims in opened.items()
        if not given.get(name)
    ]
    return fixed, tuple(notes)


def _at(dimensions: Dimensions, batch: int) -> Dimensions:
    first_only = bool(dimensions) and dimensions[0] is None and None not in dimensions[1:]
    return (batch, *dimensions[1:]) if first_only else dimensions


def _text(dimensions: Dimensions) -> str:
    return ",".join("?" if size is None else str(size) for size in dimensions)
