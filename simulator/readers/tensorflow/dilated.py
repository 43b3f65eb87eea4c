"""Dilated convolutions, which TensorFlow writes as a plain one between SpaceToBatchND and BatchToSpaceND."""

from __future__ import annotations

from typing import Any, NamedTuple

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode

from .state import TensorflowState

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


class Dilated(NamedTuple):
    """Dilation, padding and output shape that a convolution has together with the pair of operations around it.

    ``dilation`` is (height, width); ``padding`` is (top, bottom, left, right) in elements; ``shape`` is in elements.
    """

    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]
    shape: tuple[int, ...]


def around(operation: Any) -> Dilated | None:
    """The dilated convolution that an operation is the inner part of; None for any other operation.

    Nothing else may read the result of the SpaceToBatchND or of the convolution.
    """
    from tensorflow.python.framework.tensor_util import constant_value

    if operation.type not in CONVOLUTIONS or operation.get_attr("padding") != b"VALID":
        return None
    before, readers = operation.inputs[0].op, operation.outputs[0].consumers()
    paired = before.type == "SpaceToBatchND" and [reader.type for reader in readers] == ["BatchToSpaceND"]
    if not paired or len(before.outputs[0].consumers()) != 1:
        return None
    block, pads, crops = (constant_value(x) for x in (*before.inputs[1:3], readers[0].inputs[2]))
    output = readers[0].outputs[0].shape
    if block is None or pads is None or crops is None or block.shape != (2,) or not output.is_fully_defined():
        return None
    top, bottom, left, right = (int(x) for x in (pads - crops).reshape(-1))
    return Dilated((int(block[0]), int(block[1])), (top, bottom, left, right), tuple(output))


def convolution(s: TensorflowState, n: FileNode, op: str, attributes: Attributes, dilated: Dilated) -> tuple[int, ...]:
    """Append a convolution with the dilation of the pair around it, and return its output, in place of all three."""
    attributes = attributes._replace(dilation=dilated.dilation, padding=dilated.padding)
    dtype = n.options.outputs[0].dtype.name
    return s.builder.layers(op, [s.operand(n, 0)], attributes, name=n.name, stated=[dilated.shape], dtype=dtype)


def is_half_of_pair(n: FileNode) -> bool:
    """Whether a SpaceToBatchND or BatchToSpaceND is one of the pair around a dilated convolution."""
    operation = n.options
    neighbours = operation.outputs[0].consumers() if n.op == "SpaceToBatchND" else [operation.inputs[0].op]
    return len(neighbours) == 1 and around(neighbours[0]) is not None
