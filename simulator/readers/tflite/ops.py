"""TFLite operators converted to canonical layers; option ids are the field ids in TensorFlow's schema.fbs."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .axes import AXES
from .elements import ELEMENTS
from .moves import MOVES
from .regroup import REGROUP
from .state import Converter, TfliteState
from .values import follow


def convert(state: TfliteState, node: FileNode) -> tuple[int, ...]:
    """Append the node's layers and return its output tensors; a constant has none.

    An operator that no rule converts becomes a layer "tflite:NAME" with the shapes that the file states.
    """
    if all(state.file_tensors[name].constant for name in node.outputs):
        follow(node, state.values, state.known_shape)
        return ()
    rule = _RULES.get(node.op)
    if rule is None:
        return _unknown(state, node)
    return rule(state, node)


def _variable(_s: TfliteState, _n: FileNode) -> tuple[int, ...]:
    """The name of a variable is no work; it is no constant either, since what it names changes."""
    return ()


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


def _conv3d(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    *kernel, c_filter, c_out = s.stored_shape(n, 1, rank=5)
    shape, stated = s.input_shape(n), s.stated(n)
    if not stated or len(stated[0]) != 5:
        raise ReadError(f"node '{n.name}' ({n.op}): its output size is not stated: export with fixed shapes")
    groups = _divided(n, shape[-1], c_filter, "input channels by the filter's")
    attributes = Attributes(steps=tuple(kernel), sizes=stated[0][1:4], c_out=c_out, groups=groups)
    return s.add(n, "conv3d", [s.operand(n, 0)], attributes, fused=4)


def _transpose_conv_bias(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """MediaPipe's transposed convolution: input, filter (C_out, H, W, C_in), bias."""
    c_out, height, width, _ = s.stored_shape(n, 1, rank=4)
    shape, stated = s.input_shape(n), s.stated(n)
    if not stated or len(stated[0]) != 4 or len(shape) != 4:
        raise ReadError(f"node '{n.name}' ({n.op}): its output size is not stated: export with fixed shapes")
    sizes = stated[0][1:3]
    stride = (max(sizes[0] // shape[1], 1), max(sizes[1] // shape[2], 1))
    attributes = Attributes(kernel=(height, width), stride=stride, c_out=c_out, sizes=sizes)
    return s.add(n, "conv2d_transpose", [s.operand(n, 0)], attributes)


def _lstm(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """Operands 1 to 4 are the input's weights, 5 to 8 the state's, 16 those of a projection."""
    plain = all(position < len(n.inputs) and n.inputs[position] for position in range(1, 9))
    if not plain or (len(n.inputs) > 16 and n.inputs[16]):
        return _unknown(s, n)
    attributes = Attributes(c_out=s.stored_shape(n, 2, rank=2)[0], multiplier=4)
    return s.add(n, "lstm", [s.operand(n, 0)], attributes)


def _rnn(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    return s.add(n, "rnn", [s.operand(n, 0)], Attributes(c_out=s.stored_shape(n, 1, rank=2)[0]))


def _svdf(s: TfliteState, n: FileNode) -> tuple[int, ...]:
    """A product for each filter, the filters' last results against their weights in time, and the sum of each rank."""
    filters, _ = s.stored_shape(n, 1, rank=2)
    _, memory = s.stored_shape(n, 2, rank=2)
    batch, rank = s.input_shape(n)[0], max(s.option(n, 0), 1)
    units = _divided(n, filters, rank, "filters by the rank")
    x, build = s.operand(n, 0), s.builder
    build.layer("dense", x, name=f"{n.name}/features", c_out=filters)
    state = build.constant((batch * filters, 1, memory), f"{n.name}/state")
    time = build.constant((batch * filters, memory, 1), f"{n.name}/time")
    products = build.layer("matmul", state, time, name=f"{n.name}/time")
    ranks = build.layer("reshape", products, name=f"{n.name}/ranks", sizes=(batch, units, rank))
    return s.add(n, "reduce_sum", [ranks], Attributes(axes=(2,)), fused=1)


_RULES: dict[str, Converter] = {
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _dwconv2d,
    "TRANSPOSE_CONV": _transpose_conv,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "AVERAGE_POOL_2D": _pool("avgpool2d"),
    "MAX_POOL_2D": _pool("maxpool2d"),
    "VAR_HANDLE": _variable,
    "CONV_3D": _conv3d,
    "Convolution2DTransposeBias": _transpose_conv_bias,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _rnn,
    "SVDF": _svdf,
    **ELEMENTS,
    **AXES,
    **REGROUP,
    **MOVES,
}
