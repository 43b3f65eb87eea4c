"""Every canonical operator as ONNX nodes."""

from __future__ import annotations

from typing import Any

from stairline.measure.models.common import EPSILON, LEAKY_SLOPE, padding_name, refuse
from stairline.measure.models.parameters import Parameters
from stairline.simulator.graph.graph import Layer

from .moves import MOVES, Emitter, axis_in
from .writer import NCHW, NHWC, TO_NCHW, Writer


def _pads(layer: Layer) -> list[int]:
    top, bottom, left, right = layer.attributes.padding
    return [top, left, bottom, right]


def _conv(w: Writer, layer: Layer, weights: Parameters) -> None:
    a = layer.attributes
    if layer.op == "conv2d":
        kernel, groups = weights["kernel"].transpose(3, 2, 0, 1), a.groups
    else:
        depthwise = weights["depthwise_kernel"]
        channels = depthwise.shape[2]
        kernel, groups = depthwise.transpose(2, 3, 0, 1).reshape(channels * a.multiplier, 1, *a.kernel), channels
    operands = [w.get(layer.inputs[0], NCHW), w.store(kernel, "kernel"), w.store(weights["bias"], "bias")]
    y = w.node(
        "Conv",
        operands,
        kernel_shape=a.kernel,
        strides=a.stride,
        dilations=a.dilation,
        pads=_pads(layer),
        group=groups,
    )
    w.set(layer.outputs[0], NCHW, y[0])


def _conv_transpose(w: Writer, layer: Layer, weights: Parameters) -> None:
    a, (_n, h, width, _c) = layer.attributes, w.shape(layer.inputs[0])
    _n, h_out, w_out, _c = w.shape(layer.outputs[0])
    top, bottom, left, right = a.padding
    h_extra = h_out - ((h - 1) * a.stride[0] + (a.kernel[0] - 1) * a.dilation[0] + 1 - top - bottom)
    w_extra = w_out - ((width - 1) * a.stride[1] + (a.kernel[1] - 1) * a.dilation[1] + 1 - left - right)
    if min(h_extra, w_extra) < 0 or h_extra >= max(a.stride[0], 1) or w_extra >= max(a.stride[1], 1):
        raise refuse(layer, f"output {h_out}x{w_out} is not what stride {a.stride} and padding {a.padding} can give")
    # (height, width, out / groups, in) to (in, out / groups, height, width)
    kernel = weights["transposed_kernel"].transpose(3, 2, 0, 1)
    operands = [w.get(layer.inputs[0], NCHW), w.store(kernel, "kernel"), w.store(weights["bias"], "bias")]
    y = w.node(
        "ConvTranspose",
        operands,
        kernel_shape=a.kernel,
        strides=a.stride,
        dilations=a.dilation,
        pads=_pads(layer),
        output_padding=[h_extra, w_extra],
        group=a.groups,
    )
    w.set(layer.outputs[0], NCHW, y[0])


def _dense(w: Writer, layer: Layer, weights: Parameters) -> None:
    x, kernel, bias = layer.inputs[0], w.store(weights["kernel"], "kernel"), w.store(weights["bias"], "bias")
    if w.rank(x) == 2:
        y = w.node("Gemm", [w.get(x, NHWC), kernel, bias])
    else:
        y = w.node("Add", [w.node("MatMul", [w.get(x, NHWC), kernel])[0], bias])
    w.set(layer.outputs[0], NHWC, y[0])


def _matmul(w: Writer, layer: Layer, _weights: Parameters) -> None:
    operands = []
    for tensor, transposed in zip(layer.inputs, (layer.attributes.transpose_a, layer.attributes.transpose_b)):
        name, rank = w.get(tensor, NHWC), w.rank(tensor)
        order = [*range(rank - 2), rank - 1, rank - 2]
        operands.append(w.node("Transpose", [name], perm=order)[0] if transposed else name)
    w.set(layer.outputs[0], NHWC, w.node("MatMul", operands)[0])


def _pool(op: str) -> Emitter:
    def emit(w: Writer, layer: Layer, _weights: Parameters) -> None:
        a = layer.attributes
        # TensorFlow leaves its own padding out of an average; padding of another shape is an operation before it.
        named = padding_name(layer, w.shape(layer.inputs[0])) is not None
        counted = {} if op == "MaxPool" else {"count_include_pad": int(not named)}
        y = w.node(
            op,
            [w.get(layer.inputs[0], NCHW)],
            kernel_shape=a.kernel,
            strides=a.stride,
            pads=_pads(layer),
            **counted,
        )
        w.set(layer.outputs[0], NCHW, y[0])

    return emit


def _global_pool(op: str) -> Emitter:
    def emit(w: Writer, layer: Layer, _weights: Parameters) -> None:
        y = w.node(op, [w.get(layer.inputs[0], NCHW)])
        if not layer.attributes.keepdims:
            y = w.node("Flatten", y, axis=1)
        w.set(layer.outputs[0], NCHW, y[0])

    return emit


def _mean(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x, a = layer.inputs[0], layer.attributes
    rank, layout = w.rank(x), w.native(x)
    axes = a.axes or tuple(range(rank))
    if not a.keepdims and len({i % rank for i in axes} & {1, 2}) == 1:
        layout = NHWC  # What is left of (H, W, C) keeps the graph's order.
    axes = tuple(sorted(axis_in(i, rank, layout) for i in axes))
    y = w.node("ReduceMean", [w.get(x, layout), w.integers(axes)], keepdims=int(a.keepdims))
    if not a.keepdims and len(axes) == rank:
        y = w.node("Reshape", [y[0], w.integers([1])])
    w.set(layer.outputs[0], layout, y[0])


def _elementwise(op: str, folds: bool) -> Emitter:
    """``folds``: the format's operator takes two operands, so more are joined from the left."""

    def emit(w: Writer, layer: Layer, _weights: Parameters) -> None:
        full = next(t for t in layer.inputs if w.rank(t) == w.rank(layer.outputs[0]))
        layout = w.native(full)
        names = [_operand(w, tensor, w.rank(full), layout) for tensor in layer.inputs]
        if folds:
            result = names[0]
            for name in names[1:]:
                result = w.node(op, [result, name])[0]
        else:
            result = w.node(op, names)[0]
        w.set(layer.outputs[0], layout, result)

    return emit


def _operand(w: Writer, tensor: int, rank: int, layout: str) -> str:
    """The value ready to broadcast against ``rank`` axes in ``layout``."""
    name = w.get(tensor, layout)
    if rank != 4 or layout == NHWC or w.rank(tensor) == 4:
        return name
    shape = (1,) * (4 - w.rank(tensor)) + w.shape(tensor)
    grown = w.node("Reshape", [name, w.integers(shape)])
    return w.node("Transpose", grown, perm=TO_NCHW)[0]


def _softmax(w: Writer, layer: Layer, _weights: Parameters) -> None:
    x = layer.inputs[0]
    layout = w.native(x)
    axis = axis_in(layer.attributes.axis, w.rank(x), layout)
    w.set(layer.outputs[0], layout, w.node("Softmax", [w.get(x, layout)], axis=axis)[0])


def _batch_norm(w: Writer, layer: Layer, weights: Parameters) -> None:
    x = layer.inputs[0]
    if w.rank(x) not in (2, 4):
        raise refuse(layer, f"ONNX normalises along axis 1, which {w.shape(x)} does not have as its channels")
    operands = [w.store(weights[name], name) for name in ("scale", "offset", "mean", "variance")]
    y = w.node("BatchNormalization", [w.get(x, NCHW), *operands], epsilon=EPSILON)
    w.set(layer.outputs[0], NCHW, y[0])


def _layer_norm(w: Writer, layer: Layer, weights: Parameters) -> None:
    operands = [w.get(layer.inputs[0], NHWC), *(w.store(weights[name], name) for name in ("scale", "offset"))]
    w.set(layer.outputs[0], NHWC, w.node("LayerNormalization", operands, axis=-1, epsilon=EPSILON)[0])


def _prelu(w: Writer, layer: Layer, weights: Parameters) -> None:
    x, alpha = layer.inputs[0], weights["alpha"]
    layout = w.native(x)
    if layout == NCHW:
        alpha = alpha.reshape(-1, 1, 1)
    w.set(layer.outputs[0], layout, w.node("PRelu", [w.get(x, layout), w.store(alpha, "alpha")])[0])


def _swish(w: Writer, layer: Layer, _weights: Parameters) -> None:
    layout = w.native(layer.inputs[0])
    x = w.get(layer.inputs[0], layout)
    w.set(layer.outputs[0], layout, w.node("Mul", [x, w.node("Sigmoid", [x])[0]])[0])


def _relu6(w: Writer, layer: Layer, _weights: Parameters) -> None:
    layout = w.native(layer.inputs[0])
    operands = [w.get(layer.inputs[0], layout), w.scalar(0.0), w.scalar(6.0)]
    w.set(layer.outputs[0], layout, w.node("Clip", operands)[0])


def _unary(op: str, **attributes: Any) -> Emitter:
    def emit(w: Writer, layer: Layer, _weights: Parameters) -> None:
        layout = w.native(layer.inputs[0])
        w.set(layer.outputs[0], layout, w.node(op, [w.get(layer.inputs[0], layout)], **attributes)[0])

    return emit


EMITTERS: dict[str, Emitter] = {
    **MOVES,
    "conv2d": _conv,
    "dwconv2d": _conv,
    "conv2d_transpose": _conv_transpose,
    "dense": _dense,
    "matmul": _matmul,
    "maxpool2d": _pool("MaxPool"),
    "avgpool2d": _pool("AveragePool"),
    "globalavgpool2d": _global_pool("GlobalAveragePool"),
    "globalmaxpool2d": _global_pool("GlobalMaxPool"),
    "mean": _mean,
    "add": _elementwise("Add", folds=True),
    "sub": _elementwise("Sub", folds=True),
    "mul": _elementwise("Mul", folds=True),
    "div": _elementwise("Div", folds=True),
    "maximum": _elementwise("Max", folds=False),
    "minimum": _elementwise("Min", folds=False),
    "softmax": _softmax,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "prelu": _prelu,
    "relu": _unary("Relu"),
    "relu6": _relu6,
    "leaky_relu": _unary("LeakyRelu", alpha=LEAKY_SLOPE),
    "hard_sigmoid": _unary("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_swish": _unary("HardSwish"),
    "sigmoid": _unary("Sigmoid"),
    "swish": _swish,
    "tanh": _unary("Tanh"),
    "gelu": _unary("Gelu"),
}
