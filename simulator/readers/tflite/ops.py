"""TFLite operators converted to canonical layers; option ids are the field ids in TensorFlow's schema.fbs."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .moves import MOVES
from .state import Converter, TfliteState


def convert(state: TfliteState, node: FileNode) -> tuple[int, ...]:
    """Append the node's layers and return its output tensors.

    An operator that no rule converts becomes a layer "tflite:NAME" with the shapes that the file states.
    """
    rule = _RULES.get(node.op)
    if rule is None:
        return _unknown(state, node)
    return rule(state, node)


def _unknown(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    if not s.stated(n):
        raise ReadError(
            f"node '{n.name}' ({n.op}): no rule infers its output shape and the file does not fix it: "
            "export the model with fixed shapes and read it without --shape"
        )
    return s.add(n, f"tflite:{n.op}", [s.operand(n, i) for i, name in enumerate(n.inputs) if name])


def _window(
    s: TfliteState, n: FileNode, shape: Shape, kernel: tuple[int, int], dilation: tuple[int, int]
) -> Attributes:
    """Attributes of an operator over windows: options 0 to 2 are the padding (0 is SAME), stride_w and stride_h."""
    stride = (s.option(n, 2), s.option(n, 1))
    if len(shape) != 4 or min(*stride, *kernel, *dilation) < 1:
        raise ReadError(f"node '{n.name}' ({n.op}): kernel {kernel}, stride {stride}, dilation {dilation} on {shape}")
    same = s.option(n, 0, "b") == 0
    padding = same_padding(shape[1], shape[2], kernel, stride, dilation) if same else (0, 0, 0, 0)
    return Attributes(kernel=kernel, stride=stride, dilation=dilation, padding=padding)


def _divided(n: FileNode, whole: int, part: int, what: str) -> int:
    if whole % part:
        raise ReadError(f"node '{n.name}' ({n.op}): {what}: {part} does not divide {whole}")
    return whole // part


def _conv2d(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    c_out, height, width, c_filter = s.stored_shape(n, 1, rank=4)
    shape = s.input_shape(n)
    attributes = _window(s, n, shape, (height, width), (s.option(n, 5, default=1), s.option(n, 4, default=1)))
    groups = _divided(n, shape[-1], c_filter, "input channels by the filter's")
    return s.add(n, "conv2d", [s.operand(n, 0)], attributes._replace(c_out=c_out, groups=groups), 3, weights=1)


def _dwconv2d(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    _, height, width, c_out = s.stored_shape(n, 1, rank=4)
    shape = s.input_shape(n)
    attributes = _window(s, n, shape, (height, width), (s.option(n, 6, default=1), s.option(n, 5, default=1)))
    multiplier = _divided(n, c_out, shape[-1], "output channels by the input's")
    return s.add(n, "dwconv2d", [s.operand(n, 0)], attributes._replace(multiplier=multiplier), 4, weights=1)


def _transpose_conv(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    c_out, height, width, _ = s.stored_shape(n, 1, rank=4)
    target = s.numbers(n, 0) or (s.stated(n) or ((),))[0]
    if len(target) != 4:
        raise ReadError(
            f"node '{n.name}' ({n.op}): its output shape {target} is not of rank 4: export the model with fixed shapes"
        )
    attributes = _window(s, n, target, (height, width), (1, 1))._replace(c_out=c_out, sizes=target[1:3])
    return s.add(n, "conv2d_transpose", [s.operand(n, 2)], attributes, fused=3)


def _fully_connected(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    x = s.operand(n, 0)
    if not s.is_constant(n, 1):
        return s.add(n, "matmul", [x, s.operand(n, 1)], Attributes(transpose_b=True), fused=0)
    c_out, c_in = s.stored_shape(n, 1, rank=2)
    shape, keep = s.builder.shape(x), s.option(n, 2, "?")
    if shape[-1] != c_in or (not keep and len(shape) != 2):
        _divided(n, prod(shape), c_in, "elements by the weights' inputs")
        x = s.builder.layer("reshape", x, name=f"{n.name}/flatten", sizes=(-1, c_in))
    return s.add(n, "dense", [x], Attributes(c_out=c_out), 0, weights=1)


def _batch_matmul(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    adjoint_a, adjoint_b = bool(s.option(n, 0, "?")), bool(s.option(n, 1, "?"))
    if s.is_constant(n, 1) and not adjoint_a and len(s.stored_shape(n, 1)) == 2:
        c_out = s.stored_shape(n, 1)[0 if adjoint_b else 1]
        return s.add(n, "dense", [s.operand(n, 0)], Attributes(c_out=c_out))
    operands = [s.operand(n, 0), s.operand(n, 1)]
    return s.add(n, "matmul", operands, Attributes(transpose_a=adjoint_a, transpose_b=adjoint_b))


def _pool(op: str) -> Converter:
    def rule(s: TfliteState, n: FileNode) -> tuple[int, ...]:
        shape = s.input_shape(n)
        attributes = _window(s, n, shape, (s.option(n, 4), s.option(n, 3)), (1, 1))
        whole = op == "avgpool2d" and attributes.kernel == shape[1:3] and not any(attributes.padding)
        name, attributes = ("globalavgpool2d", Attributes(keepdims=True)) if whole else (op, attributes)
        return s.add(n, name, [s.operand(n, 0)], attributes, fused=5)

    return rule


def _unary(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _binary(op: str, fused: int | None = None) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0), s.operand(n, 1)], fused=fused)


def _concat(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    operands = [s.operand(n, i) for i in range(len(n.inputs))]
    return s.add(n, "concat", operands, Attributes(axis=s.option(n, 0)), fused=1)


_RULES: dict[str, Converter] = {
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _dwconv2d,
    "TRANSPOSE_CONV": _transpose_conv,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "AVERAGE_POOL_2D": _pool("avgpool2d"),
    "MAX_POOL_2D": _pool("maxpool2d"),
    "ADD": _binary("add", fused=0),
    "SUB": _binary("sub", fused=0),
    "MUL": _binary("mul", fused=0),
    "DIV": _binary("div", fused=0),
    "MAXIMUM": _binary("maximum"),
    "MINIMUM": _binary("minimum"),
    "CONCATENATION": _concat,
    "SOFTMAX": _unary("softmax"),
    "LOGISTIC": _unary("sigmoid"),
    "RELU": _unary("relu"),
    "RELU6": _unary("relu6"),
    "LEAKY_RELU": _unary("leaky_relu"),
    "PRELU": _unary("prelu"),
    "TANH": _unary("tanh"),
    "HARD_SWISH": _unary("hard_swish"),
    "GELU": _unary("gelu"),
    "QUANTIZE": _unary("quantize"),
    "DEQUANTIZE": _unary("dequantize"),
    **MOVES,
}
