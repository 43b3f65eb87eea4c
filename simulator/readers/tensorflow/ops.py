"""TensorFlow's operations converted to canonical layers; attribute names are those of its operation definitions."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .dilated import around, convolution, is_half_of_pair
from .state import Converter, TensorflowState


def convert(state: TensorflowState, node: FileNode) -> tuple[int, ...]:
    """Append the node's layers and return its output tensors.

    An operation that no rule converts becomes a layer "tf:NAME" with the shapes that TensorFlow infers.
    """
    return _RULES.get(node.op, _unknown)(state, node)


def _unknown(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, f"tf:{n.op}", _same_tensors(s, n))


def _same_tensor(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return (s.operand(n, 0),)


def _same_tensors(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return tuple(s.operand(n, i) for i in range(len(n.inputs)))


def _window(
    s: TensorflowState, n: FileNode, shape: Shape, kernel: tuple[int, int], dilation: tuple[int, int]
) -> Attributes:
    if s.attribute(n, "data_format") != "NHWC":
        raise ReadError(f"node '{n.name}' ({n.op}): layout {s.attribute(n, 'data_format')}: export channels last")
    _, *stride, _ = s.attribute(n, "strides")
    pair, kind = (stride[0], stride[1]), s.attribute(n, "padding")
    if kind == "SAME":
        padding = same_padding(shape[1], shape[2], kernel, pair, dilation)
    elif kind == "EXPLICIT":
        top, bottom, left, right = s.attribute(n, "explicit_paddings")[2:6]
        padding = (top, bottom, left, right)
    else:
        padding = (0, 0, 0, 0)
    return Attributes(kernel=kernel, stride=pair, dilation=dilation, padding=padding)


def _weighted(s: TensorflowState, n: FileNode, op: str, x: int, attributes: Attributes) -> tuple[int, ...]:
    dilated = around(n.options)
    outputs = convolution(s, n, op, attributes, dilated) if dilated else s.add(n, op, [x], attributes)
    s.weighted.update(outputs)
    return outputs


def _pair(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return _same_tensor(s, n) if is_half_of_pair(n) else _unknown(s, n)


def _dilation(s: TensorflowState, n: FileNode) -> tuple[int, int]:
    _, height, width, _ = s.attribute(n, "dilations")
    return height, width


def _conv2d(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    if not s.is_constant(n, 1):
        return _unknown(s, n)
    shape, (height, width, c_in, c_out) = s.shape(n, 0, rank=4), s.shape(n, 1, rank=4)
    attributes = _window(s, n, shape, (height, width), _dilation(s, n))
    return _weighted(s, n, "conv2d", s.operand(n, 0), attributes._replace(c_out=c_out, groups=shape[-1] // c_in))


def _dwconv2d(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    if not s.is_constant(n, 1):
        return _unknown(s, n)
    shape, (height, width, _, multiplier) = s.shape(n, 0, rank=4), s.shape(n, 1, rank=4)
    attributes = _window(s, n, shape, (height, width), _dilation(s, n))
    return _weighted(s, n, "dwconv2d", s.operand(n, 0), attributes._replace(multiplier=multiplier))


def _conv2d_transpose(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    if not s.is_constant(n, 1):
        return _unknown(s, n)
    (height, width, c_filter, c_in), target = s.shape(n, 1, rank=4), s.stated(n)[0]
    attributes = _window(s, n, target, (height, width), _dilation(s, n))
    groups = s.shape(n, 2, rank=4)[-1] // c_in
    attributes = attributes._replace(c_out=c_filter * groups, groups=groups, sizes=target[1:3])
    return _weighted(s, n, "conv2d_transpose", s.operand(n, 2), attributes)


def _matmul(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    flags = ("adj_x", "adj_y") if n.op.startswith("Batch") else ("transpose_a", "transpose_b")
    a, b = (bool(s.attribute(n, flag)) for flag in flags)
    weights = s.shape(n, 1)
    if s.is_constant(n, 1) and len(weights) == 2 and not a:
        return _weighted(s, n, "dense", s.operand(n, 0), Attributes(c_out=weights[0 if b else 1]))
    return s.add(n, "matmul", [s.operand(n, 0), s.operand(n, 1)], Attributes(transpose_a=a, transpose_b=b))


def _pool(op: str) -> Converter:
    def rule(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
        shape, (_, height, width, _) = s.shape(n, 0, rank=4), s.attribute(n, "ksize")
        attributes = _window(s, n, shape, (height, width), (1, 1))
        whole = (height, width) == shape[1:3] and s.stated(n)[0][1:3] == (1, 1) and not any(attributes.padding)
        if whole and op == "avgpool2d":
            return s.add(n, "globalavgpool2d", [s.operand(n, 0)], Attributes(keepdims=True))
        return s.add(n, op, [s.operand(n, 0)], attributes)

    return rule


def _mean(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    axes = s.numbers(n, 1, "axes")
    return s.add(n, "mean", [s.operand(n, 0)], Attributes(axes=axes, keepdims=bool(s.attribute(n, "keep_dims"))))


def _max(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    axes, rank = s.numbers(n, 1, "axes"), len(s.shape(n, 0))
    if rank != 4 or sorted(axis % rank for axis in axes) != [1, 2]:
        return _unknown(s, n)
    return s.add(n, "globalmaxpool2d", [s.operand(n, 0)], Attributes(keepdims=bool(s.attribute(n, "keep_dims"))))


def _arithmetic(op: str) -> Converter:
    """The rule of an operator on two operands, which gives no layer where one operand is a neutral or folded constant.

    A constant with one value per channel folds into the layer with weights in front, as a bias or a scale does.
    """
    commutes, neutral = op in ("add", "mul"), 0.0 if op in ("add", "sub") else 1.0

    def rule(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
        for x, constant in ((0, 1), (1, 0)) if commutes else ((0, 1),):
            if s.is_constant(n, constant) and (s.folds(n, x, constant) or s.scalar(n, constant) == neutral):
                return (s.operand(n, x),)
        return s.add(n, op, _same_tensors(s, n))

    return rule


def _elementwise(op: str) -> Converter:
    return lambda s, n: s.add(n, op, _same_tensors(s, n))


def _activation(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _batch_norm(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    if s.attribute(n, "data_format") != "NHWC":
        raise ReadError(f"node '{n.name}' ({n.op}): layout {s.attribute(n, 'data_format')}: export channels last")
    used = [name for name in n.outputs[1:] if s.readers.get(name)]
    if used:
        raise ReadError(f"node '{n.name}' ({n.op}): its statistics are read, so it trains: export for inference")
    if s.folds(n, 0, 1):
        return (s.operand(n, 0),)
    dtype, shape = n.options.outputs[0].dtype.name, s.shape(n, 0)
    return s.builder.layers("batch_norm", [s.operand(n, 0)], name=n.name, stated=[shape], dtype=dtype)


def _concat(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    last = len(n.inputs) - 1
    (axis,) = s.numbers(n, last, "axis")
    return s.add(n, "concat", [s.operand(n, i) for i in range(last)], Attributes(axis=axis))


def _split(value: int, axis: int) -> Converter:
    def rule(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
        (along,) = s.numbers(n, axis, "axis")
        sizes = tuple(shape[along] for shape in s.stated(n))
        return s.add(n, "split", [s.operand(n, value)], Attributes(axis=along, sizes=sizes))

    return rule


def _slice(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return s.add(
        n, "slice", [s.operand(n, 0)], Attributes(begin=s.numbers(n, 1, "first elements"), sizes=s.stated(n)[0])
    )


def _strided_slice(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    begin, end, steps = (s.numbers(n, i, what) for i, what in ((1, "begin"), (2, "end"), (3, "strides")))
    attributes = Attributes(begin=begin, end=end, steps=steps, sizes=s.stated(n)[0])
    return s.add(n, "strided_slice", [s.operand(n, 0)], attributes)


def _pad(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    flat = s.numbers(n, 1, "paddings")
    return s.add(n, "pad", [s.operand(n, 0)], Attributes(pads=tuple(zip(flat[::2], flat[1::2]))))


def _reshape(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    x, target = s.operand(n, 0), s.stated(n)[0]
    if target == s.shape(n, 0):
        return (x,)
    outputs = s.add(n, "reshape", [x], Attributes(sizes=target))
    if x in s.weighted and s.readers[n.inputs[0]] == 1 and target[-1] == s.shape(n, 0)[-1]:
        s.weighted.update(outputs)  # A dense layer on more than two axes adds its bias after this reshape.
    return outputs


def _transpose(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "transpose", [s.operand(n, 0)], Attributes(axes=s.numbers(n, 1, "axes")))


def _resize(s: TensorflowState, n: FileNode) -> tuple[int, ...]:
    mode = "nearest" if n.op == "ResizeNearestNeighbor" else "linear"
    return s.add(n, "resize", [s.operand(n, 0)], Attributes(sizes=s.stated(n)[0][1:3], interpolation=mode))


_SAME_VALUE = ("Identity", "StopGradient", "PreventGradient", "Snapshot", "EnsureShape", "PlaceholderWithDefault")
# Simulated quantisation states the precision that a tensor is stored in; converters turn it into no operator.
_SIMULATED = ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVarsPerChannel")

_RULES: dict[str, Converter] = {
    **dict.fromkeys((*_SAME_VALUE, *_SIMULATED), _same_tensor),
    "IdentityN": _same_tensors,
    **dict.fromkeys(("SpaceToBatchND", "BatchToSpaceND"), _pair),
    "Conv2D": _conv2d,
    "DepthwiseConv2dNative": _dwconv2d,
    "Conv2DBackpropInput": _conv2d_transpose,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _matmul),
    "MaxPool": _pool("maxpool2d"),
    "AvgPool": _pool("avgpool2d"),
    "Mean": _mean,
    "Max": _max,
    **dict.fromkeys(("BiasAdd", "Add", "AddV2"), _arithmetic("add")),
    "Sub": _arithmetic("sub"),
    "Mul": _arithmetic("mul"),
    **dict.fromkeys(("RealDiv", "Div"), _arithmetic("div")),
    "AddN": _elementwise("add"),
    "Maximum": _elementwise("maximum"),
    "Minimum": _elementwise("minimum"),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    "Relu": _activation("relu"),
    "Relu6": _activation("relu6"),
    "LeakyRelu": _activation("leaky_relu"),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
    "Softmax": _activation("softmax"),
    "ConcatV2": _concat,
    "Split": _split(1, 0),
    "SplitV": _split(0, 2),
    "Slice": _slice,
    "StridedSlice": _strided_slice,
    **dict.fromkeys(("Pad", "PadV2"), _pad),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims"), _reshape),
    "Transpose": _transpose,
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor"), _resize),
}
