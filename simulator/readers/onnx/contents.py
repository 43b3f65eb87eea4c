"""What an ONNX file states, taken out of its protocol buffers: operators, tensors and small stored values."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from stairline.simulator.readers.assemble import Dimensions, FileNode, FileTensor
from stairline.simulator.readers.errors import ReadError

from .wire import SMALL_BYTES, without_payloads


def parsed(path: Path) -> Any:
    """The file's ModelProto without its weights, local functions inlined. Raises ReadError for a file that has none."""
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
        raise ReadError("holds no network (no node or no output): it is no ONNX model, or damaged: export it again")
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
        raise ReadError(f"the name {damaged[:40]!r} is not UTF-8: the file is damaged: export the model again")


def file_node(proto: Any, place: int) -> FileNode:
    """The operator of a NodeProto, the ``place``-th of its graph."""
    domain = "" if proto.domain in ("", "ai.onnx") else f"{proto.domain}."
    name, op = proto.name or next(filter(None, proto.output), f"#{place}"), f"{domain}{proto.op_type}"
    return FileNode(name, op, tuple(proto.input), tuple(proto.output), {a.name: _option(a) for a in proto.attribute})


def _option(attribute: Any) -> Any:
    """The value of an AttributeProto as a number, text or tuple; None for a tensor, a graph and other types."""
    readers: dict[int, Callable[[Any], Any]] = {
        1: lambda a: a.f,
        2: lambda a: a.i,
        3: lambda a: a.s.decode("utf-8", "replace"),
        6: lambda a: tuple(a.floats),
        7: lambda a: tuple(a.ints),
    }
    reader = readers.get(attribute.type)
    return reader(attribute) if reader else None


def dimensions(kind: Any) -> Dimensions | None:
    """The dimensions in a TypeProto, None for each one that is open; None where it states no shape at all."""
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)


def file_tensors_and_values(graph: Any) -> tuple[dict[str, FileTensor], dict[str, tuple[float, ...]]]:
    """The tensors that a GraphProto states, shapes in its own axis order, and the values of the small stored ones."""
    file_tensors, values = {}, {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        file_tensors[info.name] = _file_tensor(dimensions(info.type), info.type.tensor_type.elem_type)
    for tensor in graph.initializer:
        file_tensors[tensor.name] = _file_tensor(tuple(tensor.dims), tensor.data_type)
        values.update(_values(tensor.name, tensor))
    for sparse in graph.sparse_initializer:
        file_tensors[sparse.values.name] = _file_tensor(tuple(sparse.dims), sparse.values.data_type)
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            for attribute in node.attribute:
                file_tensor, found = _constant(node.output[0], attribute)
                file_tensors[node.output[0]] = file_tensor
                values.update(found)
    return file_tensors, values


def small_values(graph: Any) -> dict[str, Any]:
    """The small stored tensors of a GraphProto as NumPy arrays, and the outputs of its Constant nodes."""
    import onnx.numpy_helper

    found = {}
    held = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            for attribute in node.attribute:
                held += [(node.output[0], attribute.t)] if attribute.name == "value" else []
                if attribute.name in ("value_int", "value_ints", "value_float", "value_floats"):
                    found[node.output[0]] = np.array(_option(attribute))
    for name, tensor in held:
        if _values(name, tensor) or prod(tensor.dims) == 0:
            found[name] = onnx.numpy_helper.to_array(tensor)
    return found


def _file_tensor(dimensions: Dimensions | None, kind: int) -> FileTensor:
    dtype = _dtypes().get(kind, f"type{kind}")
    if dimensions is None or None in dimensions:
        return FileTensor(None, dtype)
    return FileTensor(tuple(d for d in dimensions if d is not None), dtype)


@cache
def _dtypes() -> dict[int, str]:
    import onnx

    names = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
    return {**names, 1: "float32", 11: "float64"}


def _constant(name: str, attribute: Any) -> tuple[FileTensor, dict[str, tuple[float, ...]]]:
    """The tensor that a Constant node's attribute holds, and its values where they are small."""
    if attribute.name == "value":
        return _file_tensor(tuple(attribute.t.dims), attribute.t.data_type), _values(name, attribute.t)
    if attribute.name in ("value_int", "value_ints"):
        ints = tuple(attribute.ints) if attribute.name == "value_ints" else (attribute.i,)
        return FileTensor((len(ints),), "int64"), {name: ints}
    if attribute.name in ("value_float", "value_floats"):
        floats = tuple(attribute.floats) if attribute.name == "value_floats" else (attribute.f,)
        return FileTensor((len(floats),), "float32"), {name: floats}
    return FileTensor(None, attribute.name), {}


def _values(name: str, tensor: Any) -> dict[str, tuple[float, ...]]:
    """The values of a small stored tensor; {} for a weight, whose data were dropped, and for external data."""
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
            f"stored tensor '{name}': its data do not fit its dimensions {list(tensor.dims)}: {error}: "
            "export the model again"
        ) from None
