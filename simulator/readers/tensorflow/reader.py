"""TensorFlow and Keras models to graphs: frozen ``.pb``, SavedModel directories, ``.keras`` and ``.h5``.

Whatever the file, it becomes one flat GraphDef that is imported for its shapes and never run. What depends on stored
values alone is computed once when a runtime loads the model, so it is no layer; a bias or a batch normalisation behind
a convolution that nothing else reads folds into it, as every converter folds them. Needs TensorFlow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.assemble import Dimensions, Node, assemble, constants_among, in_order, input_shapes
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from .files import Flat, frozen, import_tensorflow, saved_model
from .keras import keras_model
from .ops import convert
from .scope import Scope

_SHAPE_READERS = ("Shape", "ShapeN", "Size", "Rank")
_STORED = ("Const", "VarHandleOp", "Variable", "VariableV2")

# TensorFlow's graphs and operations carry no static types.
TfGraph = Any
TfOperation = Any


def read_tensorflow(path: Path, shape: Shapes = None) -> Graph:
    """The network in a TensorFlow or Keras file; a leading dimension that the file leaves open is a batch of 1.

    ``shape`` replaces input dimensions: the dimensions alone, or by input name. An operator outside the canonical set
    becomes a layer named "tf:NAME" with the shape that TensorFlow infers. Raises ReadError.
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
    scope = Scope(builder, tensors, constants, _readers(live, flat.outputs), set())
    return assemble(builder, live, tensors, flat.outputs, lambda node: convert(scope, node))


def _flat(path: Path) -> Flat:
    if path.is_dir():
        return saved_model(path)
    return frozen(path) if path.suffix.lower() == ".pb" else keras_model(path)


def _declared(flat: Flat) -> dict[str, Dimensions | None]:
    """Dimensions of the inputs as the file states them, an open batch taken as 1."""
    placeholders = {node.name: node for node in flat.graph_def.node if node.op == "Placeholder"}
    declared: dict[str, Dimensions | None] = {}
    for name, node in flat.inputs.items():
        if node not in placeholders:
            raise ReadError(f"input '{name}': node '{node}' is no placeholder: export the model again")
        stated = placeholders[node].attr["shape"].shape
        if stated.unknown_rank or "shape" not in placeholders[node].attr:
            declared[name] = None
            continue
        sizes = [None if dim.size < 0 else int(dim.size) for dim in stated.dim]
        declared[name] = (1, *sizes[1:]) if sizes and sizes[0] is None else tuple(sizes)
    if not declared:
        raise ReadError("has no input: nothing to predict: export the network with its placeholders")
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


def _node(op: TfOperation) -> Node:
    return Node(op.name, op.type, tuple(t.name for t in op.inputs), tuple(t.name for t in op.outputs), op)


def _readers(nodes: list[Node], outputs: tuple[str, ...]) -> dict[str, int]:
    """How many live nodes and network outputs read each tensor."""
    readers: dict[str, int] = dict.fromkeys(outputs, 1)
    for node in nodes:
        for name in node.inputs:
            readers[name] = readers.get(name, 0) + 1
    return readers
