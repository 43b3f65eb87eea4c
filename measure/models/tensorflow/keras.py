"""Graph to a Keras model of built-in layers only, so that its file loads without code from anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from stairline.measure.models.common import (
    EPSILON,
    LEAKY_SLOPE,
    BuildError,
    import_tensorflow,
    is_nonnegative,
    padding_name,
    refuse,
)
from stairline.measure.models.parameters import layer_parameters
from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import Shape

# Keras carries no static types.
KerasLayers = Any
KerasModel = Any


class _Context(NamedTuple):
    layers: KerasLayers
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    nonnegative: bool


def save_keras(graph: Graph, path: Path, seed: int = 0) -> None:
    """Write the graph as a Keras model: ``.keras`` (an archive) or ``.h5`` (HDF5), as the path's suffix says.

    Raises BuildError for another suffix and for an operator that Keras has no built-in layer for.
    """
    if path.suffix not in (".keras", ".h5"):
        raise BuildError(f"{path}: a Keras file ends in .keras or .h5")
    keras_model(graph, seed).save(path)


def keras_model(graph: Graph, seed: int = 0) -> KerasModel:
    """A Keras functional model with seeded weights; the batch is fixed to the graph's. Raises BuildError."""
    keras = import_tensorflow().keras
    inputs = [
        keras.Input(batch_shape=shape, name=f"input_{position}")
        for position, shape in enumerate(graph.shapes(graph.inputs))
    ]
    values = dict(zip(graph.inputs, inputs))
    for number, layer in enumerate(graph.layers):
        make = _LAYERS.get(layer.op)
        if make is None or len(layer.outputs) > 1:
            raise refuse(layer, "Keras has no built-in layer for it")
        if any(graph.tensors[t].constant for t in layer.inputs):
            raise refuse(layer, "Keras has no built-in layer with a stored operand")
        first, expected = layer.inputs[0], graph.tensors[layer.outputs[0]].shape
        blocks = make(_Context(keras.layers, layer, graph.tensors[first].shape, expected, is_nonnegative(graph, first)))
        y: Any = values[first] if len(layer.inputs) == 1 else [values[t] for t in layer.inputs]
        for block in blocks:
            y = block(y)
        _fill(blocks, list(layer_parameters(graph, number, seed).values()))
        if tuple(y.shape) != expected:
            raise refuse(layer, f"Keras gives {tuple(y.shape)}, the graph {expected}")
        values[layer.outputs[0]] = y
    return keras.Model(inputs, [values[t] for t in graph.outputs], name="network")


def _fill(blocks: list[Any], parameters: list[Any]) -> None:
    """Give the one block that has weights its parameters, which stand in Keras's own order."""
    for block in blocks:
        if block.weights:
            block.set_weights([value.reshape(own.shape) for value, own in zip(parameters, block.weights, strict=True)])


def _window(c: _Context) -> tuple[list[Any], dict[str, Any]]:
    """A layer that pads, where Keras has no name for the padding, and the window's arguments."""
    a, name = c.layer.attributes, padding_name(c.layer, c.input_shape)
    top, bottom, left, right = a.padding
    before = [] if name else [c.layers.ZeroPadding2D(((top, bottom), (left, right)))]
    return before, {"strides": a.stride, "padding": (name or "VALID").lower()}


def _conv2d(c: _Context) -> list[Any]:
    a, (before, window) = c.layer.attributes, _window(c)
    return [*before, c.layers.Conv2D(a.c_out, a.kernel, dilation_rate=a.dilation, groups=a.groups, **window)]


def _dwconv2d(c: _Context) -> list[Any]:
    a, (before, window) = c.layer.attributes, _window(c)
    if a.stride[0] != a.stride[1]:
        raise refuse(c.layer, f"Keras's depthwise convolution has one stride for both axes, not {a.stride}")
    window["strides"] = a.stride[0]
    block = c.layers.DepthwiseConv2D(a.kernel, depth_multiplier=a.multiplier, dilation_rate=a.dilation, **window)
    return [*before, block]


def _conv2d_transpose(c: _Context) -> list[Any]:
    a = c.layer.attributes
    if a.groups > 1 or max(a.dilation) > 1:
        raise refuse(c.layer, f"Keras has no groups {a.groups} or dilation {a.dilation} here")
    name = padding_name(c.layer, c.output_shape)
    if name is None:
        raise refuse(c.layer, f"Keras has no padding {a.padding} here")
    return [c.layers.Conv2DTranspose(a.c_out, a.kernel, a.stride, name.lower())]


def _pool(kind: str) -> Callable[[_Context], list[Any]]:
    def make(c: _Context) -> list[Any]:
        before, window = _window(c)
        if before and kind == "MaxPooling2D" and not c.nonnegative:
            raise refuse(c.layer, f"Keras pads with zeros, which {c.layer.attributes.padding} before a maximum forbids")
        return [*before, getattr(c.layers, kind)(c.layer.attributes.kernel, **window)]

    return make


def _global_pool(kind: str) -> Callable[[_Context], list[Any]]:
    return lambda c: [getattr(c.layers, kind)(keepdims=c.layer.attributes.keepdims)]


def _mean(c: _Context) -> list[Any]:
    if len(c.input_shape) != 4 or {axis % 4 for axis in c.layer.attributes.axes} != {1, 2}:
        raise refuse(c.layer, f"Keras averages over height and width only, not {c.layer.attributes.axes}")
    return [c.layers.GlobalAveragePooling2D(keepdims=c.layer.attributes.keepdims)]


def _plain(kind: str, **arguments: Any) -> Callable[[_Context], list[Any]]:
    return lambda c: [getattr(c.layers, kind)(**arguments)]


def _pad(c: _Context) -> list[Any]:
    pads = c.layer.attributes.pads
    if len(pads) != 4 or any(pads[0]) or any(pads[3]):
        raise refuse(c.layer, f"Keras pads height and width only, not {pads}")
    return [c.layers.ZeroPadding2D(pads[1:3])]


def _reshape(c: _Context) -> list[Any]:
    if c.input_shape[0] != c.output_shape[0]:
        raise refuse(c.layer, f"Keras keeps the batch, {c.input_shape} to {c.output_shape} does not")
    return [c.layers.Reshape(c.output_shape[1:])]


def _transpose(c: _Context) -> list[Any]:
    axes = c.layer.attributes.axes
    if axes[0] != 0:
        raise refuse(c.layer, f"Keras keeps the batch first, axes {axes} do not")
    return [c.layers.Permute(axes[1:])]


def _channel_shuffle(c: _Context) -> list[Any]:
    groups, (_n, *spatial, channels) = c.layer.attributes.groups, c.input_shape
    rank = len(spatial) + 1
    return [
        c.layers.Reshape((*spatial, groups, channels // groups)),
        c.layers.Permute((*range(1, rank), rank + 1, rank)),
        c.layers.Reshape(c.output_shape[1:]),
    ]


def _resize(c: _Context) -> list[Any]:
    (_n, h, w, _c), (h_out, w_out) = c.input_shape, c.layer.attributes.sizes
    if h_out % h or w_out % w:
        raise refuse(c.layer, f"Keras scales by whole factors, not {h}x{w} to {h_out}x{w_out}")
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(c.layer.attributes.interpolation, "nearest")
    return [c.layers.UpSampling2D((h_out // h, w_out // w), interpolation=mode)]


_LAYERS: dict[str, Callable[[_Context], list[Any]]] = {
    "conv2d": _conv2d,
    "dwconv2d": _dwconv2d,
    "conv2d_transpose": _conv2d_transpose,
    "dense": lambda c: [c.layers.Dense(c.layer.attributes.c_out)],
    "maxpool2d": _pool("MaxPooling2D"),
    "avgpool2d": _pool("AveragePooling2D"),
    "globalavgpool2d": _global_pool("GlobalAveragePooling2D"),
    "globalmaxpool2d": _global_pool("GlobalMaxPooling2D"),
    "mean": _mean,
    "add": _plain("Add"),
    "sub": _plain("Subtract"),
    "mul": _plain("Multiply"),
    "maximum": _plain("Maximum"),
    "minimum": _plain("Minimum"),
    "concat": lambda c: [c.layers.Concatenate(c.layer.attributes.axis)],
    "pad": _pad,
    "reshape": _reshape,
    "transpose": _transpose,
    "channel_shuffle": _channel_shuffle,
    "resize": _resize,
    "softmax": lambda c: [c.layers.Softmax(c.layer.attributes.axis)],
    "batch_norm": _plain("BatchNormalization", epsilon=EPSILON),
    "layer_norm": _plain("LayerNormalization", epsilon=EPSILON),
    "prelu": lambda c: [c.layers.PReLU(shared_axes=[*range(1, len(c.input_shape) - 1)])],
    "leaky_relu": _plain("LeakyReLU", negative_slope=LEAKY_SLOPE),
    "relu": _plain("Activation", activation="relu"),
    "relu6": _plain("Activation", activation="relu6"),
    "hard_sigmoid": _plain("Activation", activation="hard_sigmoid"),
    "hard_swish": _plain("Activation", activation="hard_silu"),
    "sigmoid": _plain("Activation", activation="sigmoid"),
    "swish": _plain("Activation", activation="silu"),
    "tanh": _plain("Activation", activation="tanh"),
    "gelu": _plain("Activation", activation="gelu"),
}
