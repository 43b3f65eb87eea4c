"""Seeded weights for a graph, so that every format built from it computes the same function.

Layouts are TensorFlow's: (height, width, in, out) for convolutions, (in, out) for dense layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape
from stairline.simulator.graph.weights import sampled

Array = NDArray[np.float32]
Parameters = dict[str, Array]

_WEIGHTED = frozenset({"conv2d", "dwconv2d", "dense"})


def layer_parameters(graph: Graph, number: int, seed: int = 0) -> Parameters:
    """Weights of the layer with that number in the graph: kernel and bias, or scale, offset, mean, variance, alpha.

    Kernels are scaled by their fan-in, so that activations neither vanish nor overflow in a deep network.
    """
    layer = graph.layers[number]
    shapes = _SHAPES.get(layer.op)
    if shapes is None:
        return {}
    generator = np.random.default_rng((seed, number))
    declared = shapes(graph.tensors[layer.inputs[0]].shape, layer.attributes)
    return {name: _draw(generator, name, shape) for name, shape in declared.items()}


def with_weights(graph: Graph, seed: int = 0) -> Graph:
    """The graph with the sample of its weights that a file of 8 bits built from it would bring.

    Each output channel is quantised by its largest weight, as TensorFlow Lite does.
    """
    layers = [
        layer._replace(weights=_quantised(layer_parameters(graph, number, seed))) if layer.op in _WEIGHTED else layer
        for number, layer in enumerate(graph.layers)
    ]
    return replace(graph, layers=tuple(layers))


def _quantised(drawn: Parameters) -> bytes:
    kernel = next(iter(drawn.values()))
    channels = (
        kernel.reshape(-1, kernel.shape[-1]).T if "kernel" in drawn else kernel.reshape(-1, prod(kernel.shape[2:])).T
    )
    whole = np.rint(channels * (127.0 / np.abs(channels).max(axis=1, keepdims=True))).astype(np.int8)
    stored = whole.tobytes() if "kernel" in drawn else np.ascontiguousarray(whole.T).tobytes()
    return sampled(stored, 0, len(stored))


def constant_value(graph: Graph, tensor: int, seed: int = 0) -> Array:
    """Value of a stored operand, between 0.5 and 1.5 so that a division by it is safe."""
    generator = np.random.default_rng((seed, len(graph.layers), tensor))
    return generator.uniform(0.5, 1.5, graph.tensors[tensor].shape).astype(np.float32)


def input_values(graph: Graph, seed: int = 0) -> list[Array]:
    """One random value for each network input, in the graph's order and layout."""
    generator = np.random.default_rng((seed, len(graph.layers), len(graph.tensors)))
    return [generator.uniform(-1, 1, shape).astype(np.float32) for shape in graph.shapes(graph.inputs)]


def _draw(generator: np.random.Generator, name: str, shape: Shape) -> Array:
    if name == "kernel":
        return generator.normal(0, prod(shape[:-1]) ** -0.5, shape).astype(np.float32)
    if name == "depthwise_kernel":
        return generator.normal(0, prod(shape[:2]) ** -0.5, shape).astype(np.float32)
    if name == "transposed_kernel":
        return generator.normal(0, (shape[0] * shape[1] * shape[3]) ** -0.5, shape).astype(np.float32)
    if name in ("scale", "variance"):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    return generator.uniform(-0.1, 0.1, shape).astype(np.float32)


def _conv2d(x: Shape, a: Attributes) -> dict[str, Shape]:
    return {"kernel": (*a.kernel, x[-1] // a.groups, a.c_out), "bias": (a.c_out,)}


def _dwconv2d(x: Shape, a: Attributes) -> dict[str, Shape]:
    return {"depthwise_kernel": (*a.kernel, x[-1], a.multiplier), "bias": (x[-1] * a.multiplier,)}


def _conv2d_transpose(x: Shape, a: Attributes) -> dict[str, Shape]:
    return {"transposed_kernel": (*a.kernel, a.c_out // a.groups, x[-1]), "bias": (a.c_out,)}


def _dense(x: Shape, a: Attributes) -> dict[str, Shape]:
    return {"kernel": (x[-1], a.c_out), "bias": (a.c_out,)}


def _batch_norm(x: Shape, _a: Attributes) -> dict[str, Shape]:
    return dict.fromkeys(("scale", "offset", "mean", "variance"), x[-1:])


def _layer_norm(x: Shape, _a: Attributes) -> dict[str, Shape]:
    return dict.fromkeys(("scale", "offset"), x[-1:])


def _prelu(x: Shape, _a: Attributes) -> dict[str, Shape]:
    # One axis less than the input, as the TFLite converter demands of a PRELU.
    return {"alpha": (1,) * (len(x) - 2) + x[-1:]}


_SHAPES: dict[str, Callable[[Shape, Attributes], dict[str, Shape]]] = {
    "conv2d": _conv2d,
    "dwconv2d": _dwconv2d,
    "conv2d_transpose": _conv2d_transpose,
    "dense": _dense,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "prelu": _prelu,
}
