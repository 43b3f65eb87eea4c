"""What every target format shares: the error, the numbers a graph leaves open, and how padding is named."""

from __future__ import annotations

from typing import Any

from stairline.simulator.graph.attributes import same_padding
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import Shape

LEAKY_SLOPE = 0.1
"""Slope of leaky_relu below zero: the graph keeps none, for it does not change the work."""

EPSILON = 1e-3
"""Added to the variance of a normalisation: the graph keeps none, for it does not change the work."""


class BuildError(ValueError):
    """A graph that the format or framework cannot express: the message names the layer, its operator and the reason."""


def refuse(layer: Layer, reason: str) -> BuildError:
    """The error for one layer that cannot be built, ready to be raised."""
    return BuildError(f"layer '{layer.name}' ({layer.op}): {reason}")


def import_tensorflow() -> Any:
    """The TensorFlow module. Raises BuildError saying how to install it."""
    try:
        import tensorflow
    except ImportError as error:
        raise BuildError(f"building a model needs TensorFlow ({error}): pip install 'stairline[measure]'") from None
    return tensorflow


def padding_name(layer: Layer, input_shape: Shape) -> str | None:
    """What TensorFlow calls the padding of a window: "SAME", "VALID", or None for one it has no name for."""
    a = layer.attributes
    if a.padding == same_padding(input_shape[1], input_shape[2], a.kernel, a.stride, a.dilation):
        return "SAME"
    return None if any(a.padding) else "VALID"


def is_nonnegative(graph: Graph, tensor: int) -> bool:
    """Whether the tensor is known to be at least 0, so that zeros may pad a maximum."""
    producer = graph.producer[tensor]
    return producer >= 0 and graph.layers[producer].op in ("relu", "relu6", "sigmoid", "hard_sigmoid")
