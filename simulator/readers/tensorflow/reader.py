"""The reader of TensorFlow and Keras models: frozen ``.pb`` files, SavedModel directories, ``.keras`` and ``.h5``.

Each becomes one flat GraphDef, which TensorFlow imports to infer its shapes and never runs. Operations that depend on
stored values alone become no layers, because a runtime computes them once when it loads the model. A bias or a batch
normalisation behind a convolution that nothing else reads folds into it, as every converter folds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.assemble import Dimensions, FileNode, assemble, constants_among, in_order, input_shapes
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from .files import Flat, frozen, import_tensorflow, saved_model
from .keras import keras_model
from .ops import convert
from .state import TensorflowState

_SHAPE_READERS = ("Shape", "ShapeN", "Size", "Rank")
_STORED = ("Const", "VarHandleOp", "Variable", "VariableV2")

# TensorFlow's graphs and operations carry no static types.
TfGraph = Any
TfOperation = Any


def read_tensorflow(path: Path, shape: Shapes = None) -> Graph:
    """The network in a TensorFlow or Keras file; an open leading dimension of an input is taken as a batch of 1.

    ``shape`` replaces the dimensions of inputs, channels last. An operation outside the canonical set becomes a layer
    "tf:NAME" with the shape that TensorFlow infers. Raises ReadError, also where TensorFlow is not installed.
    """
    flat = _flat(path)
    shapes = input_shapes(_declared(flat), shape)
    graph = _imported(flat, shapes)
    nodes = [_node(op) for op in _reachable(graph, flat)]
    placeholders = {f"{node}:0": shapes[name] for name, node in flat.inputs.items()}
    stored = {name for node in nodes if node.op in _STORED for name in node.outputs}
    moving = [node for node in nodes if node.outputs[0] not in placeholders and node.op not in _STORED]
    moving = in_order(moving, stored | set(placeholders))
    constants = constants_among(moving, stored, free=_SHAPE_READERS)
    live = [node for node in moving if not all(name in constants for name in node.outputs)]
    builder = GraphBuilder(path.stem, source=str(path))
    tensors = {
        f"{node}:0": builder.input(shapes[name], name, graph.get_operation_by_name(node).outputs[0].dtype.name)
        for name, node in flat.inputs.items()
    }
    state = TensorflowState(builder, tensors, constants, _readers(live, flat.outputs), set())
    return assemble(builder, live, tensors, flat.outputs, lambda node: convert(state, node))


def _flat(path: Path) -> Flat:
    if path.is_dir():
        return saved_model(path)
    return frozen(path) if path.suffix.lower() == ".pb" else keras_model(path)


def _declared(flat: Flat) -> dict[str, Dimensions | None]:
    """Dimensions of the inputs as the file states them; an open batch dimension is taken as 1."""
    placeholders = {node.name: node for node in flat.graph_def.node if node.op == "Placeholder"}
    declared: dict[str, Dimensions | None] = {}
    for name, node in flat.inputs.items():
        if node not in placeholders:
            raise ReadError(f"input '{name}': node '{node}' is not a placeholder: export the model again")
        stated = placeholders[node].attr["shape"].shape
        if stated.unknown_rank or "shape" not in placeholders[node].attr:
            declared[name] = None
            continue
        sizes = [None if dim.size < 0 else int(dim.size) for dim in stated.dim]
        declared[name] = (1, *sizes[1:]) if sizes and sizes[0] is None else tuple(sizes)
    if not declared:
        raise ReadError("has no input: export the network with its placeholders")
    return declared


def _imported(flat: Flat, shapes: dict[str, tuple[int, ...]]) -> TfGraph:
    tf = import_tensorflow()
    by_node = {node: shapes[name] for name, node in flat.inputs.items()}
    for node in flat.graph_def.node:
        node.attr.pop("_output_shapes", None)
        node.attr.pop("_class", None)
        if node.name in by_node:
            node.attr["shape"].shape.CopyFrom(tf.TensorShape(by_node[node.name]).as_proto())
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(flat.graph_def, name="")
    except (ValueError, TypeError, KeyError, tf.errors.OpError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ReadError(f"TensorFlow refuses the graph: {line}") from None
    return graph


def _reachable(graph: TfGraph, flat: Flat) -> list[TfOperation]:
    """The operations that the outputs depend on, in the graph's own order."""
    waiting = []
    for name in flat.outputs:
        try:
            waiting.append(graph.get_tensor_by_name(name).op)
        except (KeyError, ValueError):
            raise ReadError(f"output '{name}' is never produced: export the model again") from None
    needed: set[str] = set()
    while waiting:
        op = waiting.pop()
        if op.name not in needed:
            needed.add(op.name)
            waiting.extend(tensor.op for tensor in op.inputs)
    return [op for op in graph.get_operations() if op.name in needed]


def _node(op: TfOperation) -> FileNode:
    return FileNode(op.name, op.type, tuple(t.name for t in op.inputs), tuple(t.name for t in op.outputs), op)


def _readers(nodes: list[FileNode], outputs: tuple[str, ...]) -> dict[str, int]:
    """The number of nodes and network outputs that read each tensor, by the tensor's name."""
    readers: dict[str, int] = dict.fromkeys(outputs, 1)
    for node in nodes:
        for name in node.inputs:
            readers[name] = readers.get(name, 0) + 1
    return readers
