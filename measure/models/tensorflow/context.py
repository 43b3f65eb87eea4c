"""What the TensorFlow operations of one layer are built from."""

from __future__ import annotations

from typing import Any, NamedTuple

from stairline.simulator.graph.graph import Layer
from stairline.simulator.graph.ops import Shape

# TensorFlow's own tensors, variables and modules carry no static types.
TfTensor = Any
TfModule = Any
TfVariables = dict[str, Any]


class Context(NamedTuple):
    """What the operation of one layer is built from."""

    tf: Any
    layer: Layer
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    weights: TfVariables
    nonnegative: bool
    """Whether the first input is known to be at least 0, so that zeros may pad a maximum."""
