"""The shapes of a whole ONNX graph, computed in this process where every one of them follows plainly.

ONNX's own inference is C++ that aborts on some damaged files, so that it needs a process of its own. The rules here
cover the operators of most networks. They answer for a whole graph or not at all: one operator without a rule, one
shape that depends on values which the network computes, one stated shape that contradicts, and ONNX is asked instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.simulator.graph.graph import MAX_DIMENSION
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.onnx.contents import dimensions, file_node
from stairline.simulator.readers.onnx.wire import SMALL_BYTES

from .operands import NotKnownError, Operands
from .rules import RULES

_FLOAT, _UINT8, _INT64, _BOOL = 1, 2, 7, 9

_KINDS = {
    **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not"), _BOOL),
    **dict.fromkeys(("ArgMax", "ArgMin", "Shape"), _INT64),
    "IsNaN": _BOOL,
}
"""The element type of operators whose result has one of its own, as TensorProto numbers them."""

_CONSTANTS = {"value_int": "int64", "value_ints": "int64", "value_float": "float32", "value_floats": "float32"}
"""The precision of the numbers that an attribute of a Constant holds."""


class _Tensor(NamedTuple):
    shape: Shape
    kind: int


class _Facts(NamedTuple):
    """What is known of a graph's tensors so far; ``stored`` are the small tensors that the file holds."""

    tensors: dict[str, _Tensor]
    stored: dict[str, Any]
    values: dict[str, NDArray[Any]]
    version: int

    def value(self, name: str) -> NDArray[Any] | None:
        """The value of a small tensor that is stored or follows from shapes; None where it is not known."""
        if name not in self.values and name in self.stored:
            found = _array(self.stored[name])
            if found is not None:
                self.values[name] = found
        return self.values.get(name)


def with_known_shapes(model: Any) -> bool:
    """Give every tensor of the model its shape and element type; False, and the model unchanged, where one is open."""
    facts = _given(model)
    try:
        for node in model.graph.node:
            _infer(node, facts)
    except (NotKnownError, IndexError, KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError):
        # A damaged file's operands and attributes may be anything: its fault is ONNX's to name.
        return False
    if not _agrees(model.graph, facts.tensors):
        return False
    _state(model.graph, facts.tensors)
    return True


def _given(model: Any) -> _Facts:
    tensors = {}
    for info in model.graph.input:
        found = dimensions(info.type)
        if found is not None and None not in found:
            tensors[info.name] = _Tensor(tuple(d for d in found if d is not None), info.type.tensor_type.elem_type)
    for tensor in model.graph.initializer:
        tensors[tensor.name] = _Tensor(tuple(tensor.dims), tensor.data_type)
    for sparse in model.graph.sparse_initializer:
        tensors[sparse.values.name] = _Tensor(tuple(sparse.dims), sparse.values.data_type)
    version = max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)
    return _Facts(tensors, {tensor.name: tensor for tensor in model.graph.initializer}, {}, version)


def _infer(node: Any, facts: _Facts) -> None:
    """Add the node's outputs to the facts. Raises NotKnownError, and others where its attributes are damaged."""
    if node.domain not in ("", "ai.onnx"):
        raise NotKnownError
    if node.op_type == "Constant":
        _constant(node, facts)
        return
    rule = RULES[node.op_type]
    operands = [facts.tensors[name] if name else None for name in node.input]
    names = [name for name in node.output if name]
    options = file_node(node, 0).options
    x = Operands(
        [None if operand is None else operand.shape for operand in operands],
        _flattened(node, facts),
        options,
        facts.version,
        len(names),
    )
    shapes = rule(x)
    if len(shapes) < len(names) or list(node.output[: len(names)]) != names:
        raise NotKnownError
    if any(not 0 < size < MAX_DIMENSION for shape in shapes for size in shape):
        raise NotKnownError
    kinds = _kinds(node, operands, options, len(names))
    facts.tensors.update((name, _Tensor(*found)) for name, found in zip(names, zip(shapes, kinds)))
    if node.op_type == "Shape":
        facts.values[names[0]] = np.array(x.shape(0), dtype=np.int64)


def _flattened(node: Any, facts: _Facts) -> Callable[[int], tuple[Any, ...] | None]:
    def value_at(position: int) -> tuple[Any, ...] | None:
        found = facts.value(node.input[position])
        return None if found is None else tuple(found.ravel().tolist())

    return value_at


def _kinds(node: Any, operands: list[_Tensor | None], options: Mapping[str, Any], count: int) -> list[int]:
    """The element type of each output."""
    op = node.op_type
    first = operands[0].kind if operands and operands[0] is not None else 0
    if op == "Cast":
        first = options["to"]
    elif op in ("Where", "DequantizeLinear"):
        first = _kind(operands, 1)
    elif op == "QuantizeLinear":
        if "output_dtype" in options:
            raise NotKnownError
        first = _kind(operands, 2) if len(operands) > 2 and operands[2] is not None else _UINT8
    elif op == "ConstantOfShape":
        first = next((attribute.t.data_type for attribute in node.attribute if attribute.name == "value"), _FLOAT)
    kind = _KINDS.get(op, first)
    second = {"TopK": _INT64, "Dropout": _BOOL}.get(op, kind)
    return [kind, *[second] * (count - 1)]


def _kind(operands: list[_Tensor | None], position: int) -> int:
    operand = operands[position]
    if operand is None:
        raise NotKnownError
    return operand.kind


def _constant(node: Any, facts: _Facts) -> None:
    attribute = node.attribute[0]
    if attribute.name == "value":
        facts.tensors[node.output[0]] = _Tensor(tuple(attribute.t.dims), attribute.t.data_type)
        facts.stored[node.output[0]] = attribute.t
        return
    value = np.array(file_node(node, 0).options[attribute.name], dtype=_CONSTANTS[attribute.name])
    facts.tensors[node.output[0]] = _Tensor(value.shape, _INT64 if value.dtype.kind == "i" else _FLOAT)
    facts.values[node.output[0]] = value


def _array(tensor: Any) -> NDArray[Any] | None:
    """The values of a small stored tensor; None where they were dropped, lie in another file, or are no numbers."""
    import onnx.numpy_helper

    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.ByteSize() > SMALL_BYTES:
        return None
    held = any(field.name.endswith("_data") for field, _ in tensor.ListFields())
    if not held and prod(tensor.dims) != 0:
        return None
    array: NDArray[Any] = onnx.numpy_helper.to_array(tensor)
    return array if array.dtype.kind in "biuf" else None


def _agrees(graph: Any, tensors: Mapping[str, _Tensor]) -> bool:
    """Whether all outputs are known, and no shape that the file states differs from the one computed."""
    for info in (*graph.value_info, *graph.output):
        stated = dimensions(info.type)
        found = tensors.get(info.name)
        if found is None or not info.type.HasField("tensor_type"):
            return False
        if stated is not None and (
            len(stated) != len(found.shape) or any(d not in (None, size) for d, size in zip(stated, found.shape))
        ):
            return False
    return True


def _state(graph: Any, tensors: Mapping[str, _Tensor]) -> None:
    """Write the shape and, where the file states none, the element type of every tensor into the graph."""
    infos = {info.name: info for info in (*graph.value_info, *graph.output)}
    for node in graph.node:
        for name in filter(None, node.output):
            info = infos.get(name) or graph.value_info.add(name=name)
            kind = info.type.tensor_type
            kind.elem_type = kind.elem_type or tensors[name].kind
            kind.shape.SetInParent()
            del kind.shape.dim[:]
            for size in tensors[name].shape:
                kind.shape.dim.add().dim_value = size
