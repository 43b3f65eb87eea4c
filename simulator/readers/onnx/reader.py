"""The reader of ONNX files; weights are never loaded and external data never opened.

Shapes that the file does not state come from ONNX's own inference, which also folds shape arithmetic (Shape, Gather,
Concat and the like); every shape is inferred again from the layer's inputs and compared. Images come channels first in
the file and channels last in the graph (see ``layout.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import (
    Dimensions,
    FileNode,
    FileTensor,
    assemble,
    constants_among,
    in_order,
    input_shapes,
)
from stairline.simulator.readers.formats import Shapes

from .contents import dimensions, file_node, file_tensors_and_values, parsed
from .contrib import with_standard_operators
from .folding import folded
from .layout import aligned, images
from .ops import convert
from .regroup import regrouped
from .state import OnnxState

_FREE = frozenset({"Constant", "Shape", "Size"})
"""Operators that depend on shapes only: with fixed shapes their results are known before the network runs."""

_FIRST_ONLY = frozenset({"Reshape", "Expand", "Slice", "Resize", "Upsample", "Unsqueeze", "Squeeze", "Pad", "Tile"})
"""Operators of which only the first operand is data; the others are positions and sizes, known before the run."""

_OPTIONAL_RESULTS = frozenset({"LSTM", "GRU", "RNN", "MaxPool", "LayerNormalization"})
"""Operators that may leave results out: states behind the last step, positions, and statistics."""

_NUMERIC = ("float32", "float16", "bfloat16", "float64", "int8", "uint8", "int16")


def read_onnx(path: Path, shape: Shapes = None) -> Graph:
    """The network of an .onnx file; ``shape`` is in the file's axis order (batch, channels, height, width).

    These become no layers, as runtimes fold them: a batch normalisation behind a convolution that nothing else reads,
    the bias added to a product with constant weights, operators that depend on stored tensors and shapes alone,
    Identity, Dropout, and the pairs of QuantizeLinear and DequantizeLinear inside a network, which only state its
    precision. Nodes that no output depends on are left out, and so are outputs that are known before the network runs,
    of a network that computes others. An operator outside the canonical set becomes a layer
    "onnx:NAME". Raises ReadError.
    """
    model = parsed(path)
    with_standard_operators(model.graph)
    weights = {tensor.name for tensor in model.graph.initializer}
    declared = {i.name: dimensions(i.type) for i in model.graph.input if i.name not in weights}
    shapes, notes = _with_batch(declared, shape)
    model, bounds = _resolved(model, shapes, overridden=shape is not None)
    nodes = [file_node(proto, place) for place, proto in enumerate(model.graph.node)]
    weights = {tensor.name for tensor in model.graph.initializer}
    file_tensors, values = file_tensors_and_values(model.graph)
    stored = {*weights, *(tensor.values.name for tensor in model.graph.sparse_initializer)}
    nodes = in_order(nodes, {*shapes, *stored})
    constants = constants_among(nodes, stored, _FREE)
    file_tensors = {
        name: file_tensor._replace(constant=name in constants) for name, file_tensor in file_tensors.items()
    }
    stated = [output.name for output in model.graph.output]
    outputs = [name for name in stated if name not in constants] or stated
    nodes = regrouped(needed(nodes, outputs, constants), file_tensors, outputs)
    return converted(path, nodes, file_tensors, values, shapes, outputs, notes + bounds)


def converted(
    path: Path,
    nodes: list[FileNode],
    file_tensors: dict[str, FileTensor],
    values: dict[str, tuple[float, ...]],
    shapes: dict[str, Shape],
    outputs: list[str],
    notes: tuple[str, ...],
    format_name: str = "onnx",
) -> Graph:
    """The graph of ONNX's operators, in execution order; those that are not canonical become "FORMAT:NAME"."""
    builder = GraphBuilder(path.stem, _activation_dtype(nodes, file_tensors), str(path), notes)
    channels_last = images(
        nodes, file_tensors, {name for name, file_tensor in file_tensors.items() if file_tensor.constant}
    )
    tensors = {
        name: builder.input(aligned(dims, channels_last.get(name, 0)), name, file_tensors[name].dtype)
        for name, dims in shapes.items()
    }
    state = OnnxState(
        builder,
        file_tensors,
        values,
        tensors,
        channels_last,
        {name: node for node in nodes for name in node.outputs},
        _consumers(nodes),
        frozenset(shapes),
        frozenset(outputs),
        format_name,
    )
    return assemble(builder, nodes, tensors, outputs, lambda node: convert(state, node))


def _with_batch(declared: Mapping[str, Dimensions | None], shape: Shapes) -> tuple[dict[str, Shape], tuple[str, ...]]:
    """The shape of every input, and a sentence for each whose first dimension, the batch, is open and taken as 1."""
    batched = {
        name: (1, *dims[1:]) if dims and dims[0] is None and None not in dims[1:] else dims
        for name, dims in declared.items()
    }
    shapes = input_shapes(batched, shape)
    assumed = [name for name, dims in declared.items() if batched[name] != dims and not _given(name, shape)]
    return shapes, tuple(f"input '{name}': its open batch is 1: {','.join(map(str, shapes[name]))}" for name in assumed)


def _given(name: str, shape: Shapes) -> bool:
    return shape is not None and (not isinstance(shape, Mapping) or name in shape)


def _resolved(model: Any, shapes: Mapping[str, Shape], overridden: bool) -> tuple[Any, tuple[str, ...]]:
    """The model with its input ``shapes`` fixed and all others that follow, and the bounds that had to be taken.

    The shapes that the file states are dropped first where they are open, and all of them where the user has
    ``overridden`` an input shape.
    """
    for info in model.graph.input:
        if info.name in shapes:
            del info.type.tensor_type.shape.dim[:]
            for size in shapes[info.name]:
                info.type.tensor_type.shape.dim.add().dim_value = size
    stated = [] if overridden else model.graph.value_info
    fixed = [info for info in stated if None not in (dimensions(info.type) or (None,))]
    del model.graph.value_info[:]
    model.graph.value_info.extend(fixed)
    for info in model.graph.output:
        if overridden or None in (dimensions(info.type) or ()):
            info.type.tensor_type.ClearField("shape")
    return folded(model)


def needed(nodes: list[FileNode], outputs: Iterable[str], constants: set[str]) -> list[FileNode]:
    """The nodes that an output depends on through data operands, those computed before the network runs left out.

    Results of these that nothing reads, and that an operator may leave out, lose their name.
    """
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs) and not constants.issuperset(filter(None, node.outputs)):
            read = tuple(name if name in wanted else "" for name in node.outputs)
            kept.append(node._replace(outputs=read) if node.op in _OPTIONAL_RESULTS else node)
            wanted.update(node.inputs[:1] if node.op in _FIRST_ONLY else node.inputs)
    return kept[::-1]


def _consumers(nodes: list[FileNode]) -> dict[str, tuple[FileNode, ...]]:
    """The nodes that read each tensor, by the tensor's name."""
    consumers: dict[str, list[FileNode]] = {name: [] for node in nodes for name in node.outputs}
    for node in nodes:
        for name in node.inputs:
            consumers.setdefault(name, []).append(node)
    return {name: tuple(readers) for name, readers in consumers.items()}


def _activation_dtype(nodes: list[FileNode], file_tensors: Mapping[str, FileTensor]) -> str:
    """The precision of most quantised tensors where QuantizeLinear marks any, else of most computed tensors."""
    marked = [
        file_tensors[n.outputs[0]].dtype for n in nodes if n.op == "QuantizeLinear" and n.outputs[0] in file_tensors
    ]
    known = [file_tensors[name].dtype for node in nodes for name in node.outputs if name in file_tensors]
    kinds = Counter(dtype for dtype in marked or known if dtype in _NUMERIC)
    return max(kinds, key=lambda dtype: kinds[dtype], default="float32")
