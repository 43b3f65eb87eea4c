"""Graph to TensorFlow: every canonical operator as the TensorFlow operations that TFLite recognises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stairline.measure.models.common import (
    EPSILON,
    LEAKY_SLOPE,
    import_tensorflow,
    is_nonnegative,
    padding_name,
    refuse,
)
from stairline.measure.models.parameters import constant_value, layer_parameters
from stairline.simulator.graph.attributes import same_padding
from stairline.simulator.graph.graph import Graph, Layer

from .context import Context, TfModule, TfTensor, TfVariables
from .moves import MOVES


def tensorflow_module(graph: Graph, seed: int = 0) -> TfModule:
    """A tf.Module with seeded variables whose ``predict`` is a tf.function over the graph's inputs, batch included.

    The results are named output_0, output_1, ..., with as many digits as keep them in order.

    Raises BuildError for an operator that TensorFlow does not have and for a shape that TensorFlow infers otherwise.
    """
    tf = import_tensorflow()
    module = tf.Module(name="network")
    module.weights = [
        {name: tf.Variable(value, name=name) for name, value in layer_parameters(graph, number, seed).items()}
        for number in range(len(graph.layers))
    ]
    constants = {i: constant_value(graph, i, seed) for i, tensor in enumerate(graph.tensors) if tensor.constant}
    signature = [
        tf.TensorSpec(graph.tensors[t].shape, tf.float32, name=f"input_{position}")
        for position, t in enumerate(graph.inputs)
    ]

    width = len(str(len(graph.outputs) - 1))

    def predict(*inputs: TfTensor) -> dict[str, TfTensor]:
        values = dict(zip(graph.inputs, inputs)) | {i: tf.constant(value) for i, value in constants.items()}
        for number, layer in enumerate(graph.layers):
            values.update(zip(layer.outputs, _apply(tf, graph, layer, values, module.weights[number])))
        names = (f"output_{position:0{width}d}" for position in range(len(graph.outputs)))
        return {name: tf.identity(values[t], name=name) for name, t in zip(names, graph.outputs)}

    module.predict = tf.function(predict, input_signature=signature, autograph=False)
    module.predict.get_concrete_function()  # Traced here, so that what cannot be built is refused here.
    return module


def _apply(
    tf: Any, graph: Graph, layer: Layer, values: dict[int, TfTensor], weights: TfVariables
) -> tuple[TfTensor, ...]:
    build = _OPERATIONS.get(layer.op)
    if build is None:
        raise refuse(layer, "TensorFlow has no such operation")
    expected = graph.shapes(layer.outputs)
    context = Context(tf, layer, graph.shapes(layer.inputs), expected, weights, is_nonnegative(graph, layer.inputs[0]))
    with tf.name_scope("".join(c if c.isascii() and c.isalnum() else "_" for c in "l" + layer.name)):
        built = build(context, *(values[t] for t in layer.inputs))
    outputs = tuple(built) if isinstance(built, list) else (built,)
    inferred = tuple(tuple(x.shape) for x in outputs)
    if inferred != expected:
        raise refuse(layer, f"TensorFlow gives {list(inferred)}, the graph {list(expected)}")
    return outputs


def _padding(c: Context, x: TfTensor, fill: float = 0.0) -> tuple[TfTensor, str]:
    """TensorFlow's own name for the layer's padding, or the input padded by an operation of its own."""
    name = padding_name(c.layer, c.input_shapes[0])
    if name is not None:
        return x, name
    top, bottom, left, right = c.layer.attributes.padding
    return c.tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], constant_values=fill), "VALID"


def _conv2d(c: Context, x: TfTensor) -> TfTensor:
    a = c.layer.attributes
    x, padding = _padding(c, x)
    y = c.tf.nn.conv2d(x, c.weights["kernel"], a.stride, padding, dilations=a.dilation)
    return c.tf.nn.bias_add(y, c.weights["bias"])


def _dwconv2d(c: Context, x: TfTensor) -> TfTensor:
    a = c.layer.attributes
    if a.stride[0] != a.stride[1]:
        raise refuse(c.layer, f"TensorFlow's depthwise convolution has one stride for both axes, not {a.stride}")
    if max(a.dilation) > 1 and max(a.stride) > 1:
        raise refuse(c.layer, f"TensorFlow's depthwise convolution has no stride {a.stride} with dilation {a.dilation}")
    x, padding = _padding(c, x)
    kernel = c.weights["depthwise_kernel"]
    y = c.tf.nn.depthwise_conv2d(x, kernel, (1, *a.stride, 1), padding, dilations=a.dilation)
    return c.tf.nn.bias_add(y, c.weights["bias"])


def _conv2d_transpose(c: Context, x: TfTensor) -> TfTensor:
    a, (n, h, w, _c), (_n, h_out, w_out, c_out) = c.layer.attributes, c.input_shapes[0], c.output_shapes[0]
    if a.groups > 1 or max(a.dilation) > 1:
        raise refuse(c.layer, f"TensorFlow has no groups {a.groups} or dilation {a.dilation} here")
    kernel, (top, _bottom, left, _right) = c.weights["transposed_kernel"], a.padding
    if (-(-h_out // a.stride[0]), -(-w_out // a.stride[1])) == (h, w) and a.padding == same_padding(
        h_out, w_out, a.kernel, a.stride
    ):
        y = c.tf.nn.conv2d_transpose(x, kernel, (n, h_out, w_out, c_out), a.stride, "SAME")
        return c.tf.nn.bias_add(y, c.weights["bias"])
    h_full, w_full = (h - 1) * a.stride[0] + a.kernel[0], (w - 1) * a.stride[1] + a.kernel[1]
    if top + h_out > h_full or left + w_out > w_full:
        raise refuse(c.layer, f"output {h_out}x{w_out} reaches beyond the {h_full}x{w_full} that the kernel covers")
    y = c.tf.nn.conv2d_transpose(x, kernel, (n, h_full, w_full, c_out), a.stride, "VALID")
    y = c.tf.nn.bias_add(y, c.weights["bias"])
    whole = (h_full, w_full) == (h_out, w_out)
    return y if whole else c.tf.slice(y, (0, top, left, 0), c.output_shapes[0])


def _dense(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.nn.bias_add(c.tf.matmul(x, c.weights["kernel"]), c.weights["bias"])


def _matmul(c: Context, x: TfTensor, y: TfTensor) -> TfTensor:
    a = c.layer.attributes
    return c.tf.matmul(x, y, transpose_a=a.transpose_a, transpose_b=a.transpose_b)


def _maxpool2d(c: Context, x: TfTensor) -> TfTensor:
    # Zero after a ReLU is as good as minus infinity, and unlike it keeps its meaning in eight bits.
    x, padding = _padding(c, x, 0.0 if c.nonnegative else c.tf.float32.min)
    return c.tf.nn.max_pool2d(x, c.layer.attributes.kernel, c.layer.attributes.stride, padding)


def _avgpool2d(c: Context, x: TfTensor) -> TfTensor:
    x, padding = _padding(c, x)
    return c.tf.nn.avg_pool2d(x, c.layer.attributes.kernel, c.layer.attributes.stride, padding)


def _globalavgpool2d(c: Context, x: TfTensor) -> TfTensor:
    return _flat(c, c.tf.nn.avg_pool2d(x, c.input_shapes[0][1:3], 1, "VALID"))


def _globalmaxpool2d(c: Context, x: TfTensor) -> TfTensor:
    return _flat(c, c.tf.nn.max_pool2d(x, c.input_shapes[0][1:3], 1, "VALID"))


def _flat(c: Context, x: TfTensor) -> TfTensor:
    return x if c.layer.attributes.keepdims else c.tf.reshape(x, c.output_shapes[0])


def _mean(c: Context, x: TfTensor) -> TfTensor:
    a = c.layer.attributes
    y = c.tf.reduce_mean(x, a.axes or None, keepdims=a.keepdims)
    return y if y.shape.rank else c.tf.reshape(y, (1,))


def _folded(operation: str) -> Callable[..., TfTensor]:
    """A two-operand operation over two operands or more, from the left."""

    def build(c: Context, first: TfTensor, *others: TfTensor) -> TfTensor:
        for other in others:
            first = getattr(c.tf, operation)(first, other)
        return first

    return build


def _softmax(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.nn.softmax(x, c.layer.attributes.axis)


def _batch_norm(c: Context, x: TfTensor) -> TfTensor:
    w = c.weights
    if len(c.input_shapes[0]) == 4:
        return c.tf.compat.v1.nn.fused_batch_norm(
            x, w["scale"], w["offset"], w["mean"], w["variance"], EPSILON, is_training=False
        )[0]
    return c.tf.nn.batch_normalization(x, w["mean"], w["variance"], w["offset"], w["scale"], EPSILON)


def _layer_norm(c: Context, x: TfTensor) -> TfTensor:
    mean = c.tf.reduce_mean(x, -1, keepdims=True)
    variance = c.tf.reduce_mean(c.tf.math.squared_difference(x, mean), -1, keepdims=True)
    return (x - mean) * c.tf.math.rsqrt(variance + EPSILON) * c.weights["scale"] + c.weights["offset"]


def _prelu(c: Context, x: TfTensor) -> TfTensor:
    # The form in which the TFLite converter recognises PRELU.
    return c.tf.nn.relu(x) + c.tf.nn.relu(-x) * -c.weights["alpha"]


def _hard_sigmoid(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.nn.relu6(x + 3.0) * (1 / 6)


def _hard_swish(c: Context, x: TfTensor) -> TfTensor:
    # The form in which the TFLite converter recognises HARD_SWISH.
    return x * c.tf.nn.relu6(x + 3.0) * (1 / 6)


def _swish(c: Context, x: TfTensor) -> TfTensor:
    return x * c.tf.sigmoid(x)


def _leaky_relu(c: Context, x: TfTensor) -> TfTensor:
    return c.tf.nn.leaky_relu(x, LEAKY_SLOPE)


def _unary(operation: str) -> Callable[..., TfTensor]:
    def build(c: Context, x: TfTensor) -> TfTensor:
        return getattr(c.tf.nn, operation)(x)

    return build


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "conv2d": _conv2d,
    "dwconv2d": _dwconv2d,
    "conv2d_transpose": _conv2d_transpose,
    "dense": _dense,
    "matmul": _matmul,
    "maxpool2d": _maxpool2d,
    "avgpool2d": _avgpool2d,
    "globalavgpool2d": _globalavgpool2d,
    "globalmaxpool2d": _globalmaxpool2d,
    "mean": _mean,
    "add": _folded("add"),
    "sub": _folded("subtract"),
    "mul": _folded("multiply"),
    "div": _folded("divide"),
    "maximum": _folded("maximum"),
    "minimum": _folded("minimum"),
    "softmax": _softmax,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "prelu": _prelu,
    "relu": _unary("relu"),
    "relu6": _unary("relu6"),
    "leaky_relu": _leaky_relu,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": _hard_swish,
    "sigmoid": _unary("sigmoid"),
    "swish": _swish,
    "tanh": _unary("tanh"),
    "exp": lambda c, x: c.tf.exp(x),
    "abs": lambda c, x: c.tf.abs(x),
    "gelu": _unary("gelu"),
    **MOVES,
}
