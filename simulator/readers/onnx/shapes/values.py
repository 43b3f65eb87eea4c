"""The value that a node of a protocol buffer computes from shapes and known values alone."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.onnx.arithmetic import LARGEST, Array, NotComputedError, computed


def node_value(
    node: Any, shape_of: Callable[[str], Shape | None], value_of: Callable[[str], Array | None]
) -> Array | None:
    """The value of a node's one output; None where it depends on anything else, or is no arithmetic on shapes."""
    if node.domain not in ("", "ai.onnx") or len(node.output) != 1 or node.op_type == "Constant" or not node.input:
        return None
    if node.op_type in ("Shape", "Size"):
        shape = shape_of(node.input[0])
        return None if shape is None else _counted(node, shape)
    operands = []
    for name in node.input:
        operand = value_of(name) if name else None
        if name and operand is None:
            return None
        operands.append(operand)
    try:
        return computed(node.op_type, operands, _options(node))
    except NotComputedError:
        return None


def _counted(node: Any, shape: Shape) -> Array:
    bounds = {attribute.name: attribute.i for attribute in node.attribute}
    part = shape[bounds.get("start", 0) : bounds.get("end", len(shape))]
    return np.array(part if node.op_type == "Shape" else prod(shape), dtype=np.int64)


def _options(node: Any) -> dict[str, Any]:
    import onnx.helper
    import onnx.numpy_helper

    found = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if attribute.type == onnx.AttributeProto.TENSOR:
            value = onnx.numpy_helper.to_array(value) if prod(value.dims) <= LARGEST else None
        found[attribute.name] = value
    return found
