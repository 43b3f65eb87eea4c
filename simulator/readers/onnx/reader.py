"""ONNX files to graphs: weights never loaded, external data never opened.

Shapes of what the file leaves unsaid come from ONNX's own inference, which also folds shape arithmetic (Shape, Gather,
Concat and the like); every shape is inferred again here and compared. Images, channels first in the file, are stored
channels last like everywhere in this project (see ``onnx_layout``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import (
    Dimensions,
    Fact,
    Node,
    assemble,
    constants_among,
    in_order,
    input_shapes,
)
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes

from .infer import inferred
from .layout import aligned, images
from .ops import convert
from .scope import Scope
from .wire import SMALL_BYTES, without_payloads

_REFUSED = {
    **dict.fromkeys(("If", "Loop", "Scan"), "control flow"),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), "a recurrent operator"),
}

_FREE = frozenset({"Constant", "Shape", "Size"})
"""Operators that need no values: with fixed shapes their results are known before the network runs."""

_FIRST_ONLY = frozenset({"Reshape", "Expand", "Slice", "Resize", "Upsample", "Unsqueeze", "Squeeze", "Pad", "Tile"})
"""Operators whose other operands say where and how much, which is known before the network runs."""

_NUMERIC = ("float32", "float16", "bfloat16", "float64", "int8", "uint8", "int16")


def read_onnx(path: Path, shape: Shapes = None) -> Graph:
    """The network of an .onnx file; ``shape`` is in the file's axis order (batch, channels, height, width).

    Folded, as deployment folds it: batch normalisation behind a convolution that nothing else reads, the bias added to
    a constant matrix product, whatever depends on stored tensors and shapes alone, Identity, Dropout, and the
    QuantizeLinear-DequantizeLinear pairs inside a network, which say that it runs in that precision. Nodes that no
    output needs are left out. Operators outside the canonical set become layers named "onnx:NAME". Raises ReadError.
    """
    model = _parsed(path)
    nodes = [_node(proto, place) for place, proto in enumerate(model.graph.node)]
    weights = {tensor.name for tensor in model.graph.initializer}
    declared = {i.name: _dimensions(i.type) for i in model.graph.input if i.name not in weights}
    shapes = input_shapes(declared, shape)
    model = _inferred(model, shapes, overridden=shape is not None)
    facts, values = _facts(model.graph)
    stored = {*weights, *(tensor.values.name for tensor in model.graph.sparse_initializer)}
    nodes = in_order(nodes, {*shapes, *stored})
    constants = constants_among(nodes, stored, _FREE)
    facts = {name: fact._replace(constant=name in constants) for name, fact in facts.items()}
    outputs = [output.name for output in model.graph.output]
    nodes = _needed(nodes, outputs, constants)
    return _graph(path, nodes, facts, values, shapes, outputs)


def _graph(
    path: Path,
    nodes: list[Node],
    facts: dict[str, Fact],
    values: dict[str, tuple[float, ...]],
    shapes: dict[str, Shape],
    outputs: list[str],
) -> Graph:
    builder = GraphBuilder(path.stem, _activation_dtype(nodes, facts), str(path))
    channels_last = images(nodes, facts, {name for name, fact in facts.items() if fact.constant})
    tensors = {
        name: builder.input(aligned(dims, name in channels_last), name, facts[name].dtype)
        for name, dims in shapes.items()
    }
    scope = Scope(
        builder,
        facts,
        values,
        tensors,
        channels_last,
        {name: node for node in nodes for name in node.outputs},
        _consumers(nodes),
        frozenset(shapes),
        frozenset(outputs),
    )
    return assemble(builder, nodes, tensors, outputs, lambda node: convert(scope, node))


def _parsed(path: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    with path.open("rb", buffering=0) as file:
        structure = without_payloads(file)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(structure)
    except DecodeError:
        raise ReadError("is not an ONNX model, or is truncated or damaged: export the model again") from None
    if not model.graph.node or not model.graph.output:
        raise ReadError("holds no network (no node or no output): not an ONNX model, or damaged")
    _verify_names(model.graph)
    if model.functions:
        import onnx.inliner

        model = onnx.inliner.inline_local_functions(model)
    return model


def _verify_names(graph: Any) -> None:
    """Raise ReadError for a name that is not UTF-8, which protobuf hands out as bytes."""
    named = (*graph.input, *graph.output, *graph.value_info, *graph.initializer, *graph.node)
    names = [item.name for item in named] + [text for n in graph.node for text in (n.op_type, n.domain)]
    names += [name for node in graph.node for name in (*node.input, *node.output)]
    names += [attribute.name for node in graph.node for attribute in node.attribute]
    damaged = next((name for name in names if not isinstance(name, str)), None)
    if damaged is not None:
        raise ReadError(f"the name {damaged[:40]!r} is not UTF-8: damaged")


def _inferred(model: Any, shapes: Mapping[str, Shape], overridden: bool) -> Any:
    """The model with fixed inputs and ONNX's own inference of all other shapes."""
    for info in model.graph.input:
        if info.name in shapes:
            del info.type.tensor_type.shape.dim[:]
            for size in shapes[info.name]:
                info.type.tensor_type.shape.dim.add().dim_value = size
    if overridden:
        del model.graph.value_info[:]
        for info in model.graph.output:
            info.type.tensor_type.ClearField("shape")
    return inferred(model)


def _dimensions(kind: Any) -> Dimensions | None:
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)


def _facts(graph: Any) -> tuple[dict[str, Fact], dict[str, tuple[float, ...]]]:
    """What is known of every tensor in the file's axis order, and the values of the small stored ones."""
    facts, values = {}, {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        facts[info.name] = _fact(_dimensions(info.type), info.type.tensor_type.elem_type)
    for tensor in graph.initializer:
        facts[tensor.name] = _fact(tuple(tensor.dims), tensor.data_type)
        values.update(_values(tensor.name, tensor))
    for sparse in graph.sparse_initializer:
        facts[sparse.values.name] = _fact(tuple(sparse.dims), sparse.values.data_type)
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            for attribute in node.attribute:
                fact, found = _constant(node.output[0], attribute)
                facts[node.output[0]] = fact
                values.update(found)
    return facts, values


def _fact(dimensions: Dimensions | None, kind: int) -> Fact:
    dtype = _dtypes().get(kind, f"type{kind}")
    if dimensions is None or None in dimensions:
        return Fact(None, dtype)
    return Fact(tuple(d for d in dimensions if d is not None), dtype)


@cache
def _dtypes() -> dict[int, str]:
    import onnx

    names = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
    return {**names, 1: "float32", 11: "float64"}


def _constant(name: str, attribute: Any) -> tuple[Fact, dict[str, tuple[float, ...]]]:
    """What a Constant node holds: a tensor, or numbers in the attribute itself."""
    if attribute.name == "value":
        return _fact(tuple(attribute.t.dims), attribute.t.data_type), _values(name, attribute.t)
    if attribute.name in ("value_int", "value_ints"):
        ints = tuple(attribute.ints) if attribute.name == "value_ints" else (attribute.i,)
        return Fact((len(ints),), "int64"), {name: ints}
    if attribute.name in ("value_float", "value_floats"):
        floats = tuple(attribute.floats) if attribute.name == "value_floats" else (attribute.f,)
        return Fact((len(floats),), "float32"), {name: floats}
    return Fact(None, attribute.name), {}


def _values(name: str, tensor: Any) -> dict[str, tuple[float, ...]]:
    """The numbers of a small stored tensor; nothing for a weight, whose payload was dropped, or for external data."""
    import onnx.numpy_helper

    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.ByteSize() > SMALL_BYTES:
        return {}
    kind = _dtypes().get(tensor.data_type, "")
    if not kind.startswith(("float", "int", "uint")) or not 0 <= prod(tensor.dims) <= SMALL_BYTES:
        return {}
    if not any(field.name.endswith("_data") for field, _ in tensor.ListFields()):
        return {}
    try:
        return {name: tuple(onnx.numpy_helper.to_array(tensor).ravel().tolist())}
    except (ValueError, TypeError) as error:
        raise ReadError(
            f"stored tensor '{name}': its data do not fit its dimensions {list(tensor.dims)}: {error}"
        ) from None


def _node(proto: Any, place: int) -> Node:
    domain = "" if proto.domain in ("", "ai.onnx") else f"{proto.domain}."
    name, op = proto.name or next(filter(None, proto.output), f"#{place}"), f"{domain}{proto.op_type}"
    if op in _REFUSED:
        raise ReadError(f"node '{name}' ({op}): {_REFUSED[op]} cannot be read: export the network without it")
    return Node(name, op, tuple(proto.input), tuple(proto.output), {a.name: _option(a) for a in proto.attribute})


def _option(attribute: Any) -> Any:
    """An attribute as a Python value; tensors and graphs stay what they are."""
    readers: dict[int, Callable[[Any], Any]] = {
        1: lambda a: a.f,
        2: lambda a: a.i,
        3: lambda a: a.s.decode("utf-8", "replace"),
        6: lambda a: tuple(a.floats),
        7: lambda a: tuple(a.ints),
    }
    reader = readers.get(attribute.type)
    return reader(attribute) if reader else None


def _needed(nodes: list[Node], outputs: Iterable[str], constants: set[str]) -> list[Node]:
    """The nodes that an output hangs on and that do not run beforehand; shape operands do not count."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs) and not constants.issuperset(filter(None, node.outputs)):
            kept.append(node)
            wanted.update(node.inputs[:1] if node.op in _FIRST_ONLY else node.inputs)
    return kept[::-1]


def _consumers(nodes: list[Node]) -> dict[str, tuple[Node, ...]]:
    consumers: dict[str, list[Node]] = {name: [] for node in nodes for name in node.outputs}
    for node in nodes:
        for name in node.inputs:
            consumers.setdefault(name, []).append(node)
    return {name: tuple(readers) for name, readers in consumers.items()}


def _activation_dtype(nodes: list[Node], facts: Mapping[str, Fact]) -> str:
    """The precision that most operators compute in; that of the quantised tensors where pairs mark them."""
    marked = [facts[n.outputs[0]].dtype for n in nodes if n.op == "QuantizeLinear" and n.outputs[0] in facts]
    known = [facts[name].dtype for node in nodes for name in node.outputs if name in facts]
    kinds = Counter(dtype for dtype in marked or known if dtype in _NUMERIC)
    return max(kinds, key=lambda dtype: kinds[dtype], default="float32")
