"""ONNX operators that compute, converted to canonical layers."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes, same_padding
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .elements import ELEMENTS
from .moves import MOVES
from .selections import SELECTIONS
from .state import Converter, OnnxState, option, unknown, where

_FOLDS_SCALE = frozenset({"Conv", "ConvTranspose"})


def convert(state: OnnxState, node: FileNode) -> tuple[int, ...]:
    """Append the node's layers and return its output tensors.

    An operator that no rule converts becomes a layer "onnx:NAME" with the shapes that the file or ONNX states.
    """
    return _RULES.get(node.op, unknown)(state, node)


def _window(n: FileNode, shape: Shape, kernel: tuple[int, ...]) -> Attributes:
    """Attributes of an operator over windows; ``ceil_mode`` becomes padding at the end, as shape rules round down."""
    stride, dilation = option(n, "strides", ()) or (1, 1), option(n, "dilations", ()) or (1, 1)
    if len(kernel) != 2 or len(stride) != 2 or len(dilation) != 2 or min(*kernel, *stride, *dilation) < 1:
        raise ReadError(
            f"{where(n)}: kernel {kernel}, stride {stride}, dilation {dilation}: each must be two positive numbers"
        )
    padding = _padding(n, shape, kernel, stride, dilation)
    if option(n, "ceil_mode", 0):
        top, bottom, left, right = padding
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        bottom += _to_ceil(shape[1] + top + bottom - reach[0], stride[0], shape[1] + top)
        right += _to_ceil(shape[2] + left + right - reach[1], stride[1], shape[2] + left)
        padding = (top, bottom, left, right)
    return Attributes(kernel=kernel, stride=stride, dilation=dilation, padding=padding)


def _padding(
    n: FileNode, shape: Shape, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int, int, int]:
    mode = option(n, "auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        top, bottom, left, right = same_padding(shape[1], shape[2], kernel, stride, dilation)
        return (top, bottom, left, right) if mode == "SAME_UPPER" else (bottom, top, right, left)
    pads = option(n, "pads", ()) or (0, 0, 0, 0)
    if mode == "VALID":
        return 0, 0, 0, 0
    if mode != "NOTSET" or len(pads) != 4:
        raise ReadError(f"{where(n)}: padding {pads} ({mode}): two axes need four numbers")
    return pads[0], pads[2], pads[1], pads[3]


def _to_ceil(free: int, stride: int, before_end: int) -> int:
    """Elements of padding with which the last, incomplete window counts; 0 where it would start in the end padding."""
    missing = -free % stride
    return 0 if (free + missing) // stride * stride >= before_end else missing


def _conv(weights: int) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if not s.is_constant(n, weights) or not s.is_image(n):
            return unknown(s, n)
        shape, filters = s.shape(n), s.constant_shape(n, weights)
        if len(filters) != 4:
            raise ReadError(f"{where(n)}: filter {filters} on {shape}: both must have two spatial axes")
        c_out, c_filter, c_in, groups = filters[0], filters[1], shape[-1], option(n, "group", 1)
        if groups < 1 or c_filter * groups != c_in:
            raise ReadError(f"{where(n)}: {groups} groups of {c_filter} channels, but the input has {c_in}")
        attributes = _window(n, shape, filters[2:])
        if groups == c_in > 1 and c_out % c_in == 0:
            return s.add(n, "dwconv2d", [s.operand(n, 0)], attributes._replace(multiplier=c_out // c_in))
        return s.add(n, "conv2d", [s.operand(n, 0)], attributes._replace(c_out=c_out, groups=groups))

    return rule


def _conv_transpose(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    target = s.stated(n.outputs[0])
    if not s.is_constant(n, 1) or not s.is_image(n) or target is None:
        return unknown(s, n)
    filters, groups = s.constant_shape(n, 1), option(n, "group", 1)
    if len(filters) != 4 or filters[0] != s.shape(n)[-1]:
        raise ReadError(f"{where(n)}: filter {filters} does not fit the input {s.shape(n)}")
    attributes = _window(n, target, filters[2:])._replace(c_out=filters[1] * groups, groups=groups, sizes=target[1:3])
    return s.add(n, "conv2d_transpose", [s.operand(n, 0)], attributes)


def _gemm(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    transpose_a, transpose_b = bool(option(n, "transA", 0)), bool(option(n, "transB", 0))
    if s.is_constant(n, 1) and not transpose_a:
        return _dense(s, n, 1, 0 if transpose_b else 1)
    attributes = Attributes(transpose_a=transpose_a, transpose_b=transpose_b)
    return s.add(n, "matmul", [s.plain(n, 0), s.plain(n, 1)], attributes, plain=True)


def _matmul(right: int) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if s.is_constant(n, right) and len(s.constant_shape(n, right)) == 2:
            return _dense(s, n, right, 1)
        return s.add(n, "matmul", [s.plain(n, 0), s.plain(n, right)], plain=True)

    return rule


def _dense(s: OnnxState, n: FileNode, right: int, c_out_axis: int) -> tuple[int, ...]:
    x, weights = s.plain(n, 0), s.constant_shape(n, right)
    if len(weights) != 2 or weights[1 - c_out_axis] != s.builder.shape(x)[-1]:
        raise ReadError(f"{where(n)}: weights {weights} do not fit the input {s.builder.shape(x)}")
    return s.add(n, "dense", [x], Attributes(c_out=weights[c_out_axis]), plain=True)


def _pool(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if not s.is_image(n) or len(n.outputs) != 1:
            return unknown(s, n)
        shape, attributes = s.shape(n), _window(n, s.shape(n), option(n, "kernel_shape", ()))
        whole = op == "avgpool2d" and attributes.kernel == shape[1:3] and not any(attributes.padding)
        name, attributes = ("globalavgpool2d", Attributes(keepdims=True)) if whole else (op, attributes)
        return s.add(n, name, [s.operand(n, 0)], attributes)

    return rule


def _global_pool(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)], Attributes(keepdims=True)) if s.is_image(n) else unknown(s, n)


def _elementwise(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if len(n.inputs) == 1:
            return (s.operand(n, 0),)
        if op == "add" and _is_bias(s, n):
            return (s.operand(n, 1 if s.is_constant(n, 0) else 0),)
        image = n.outputs[0] in s.images
        return s.add(n, op, [s.broadcast(n, i, image) for i in range(len(n.inputs))])

    return rule


def _is_bias(s: OnnxState, n: FileNode) -> bool:
    """Whether an addition is the bias of a product with constant weights whose result nothing else reads."""
    stored = [i for i in (0, 1) if s.is_constant(n, i)]
    if len(stored) != 1:
        return False
    product = s.producers.get(n.inputs[1 - stored[0]])
    if product is None or product.op != "MatMul" or not s.is_constant(product, 1):
        return False
    c_out = s.constant_shape(product, 1)[-1]
    return s.constant_shape(n, stored[0]) == (c_out,) and _only_reader(s, n, product)


def _only_reader(s: OnnxState, n: FileNode, producer: FileNode) -> bool:
    return s.consumers[producer.outputs[0]] == (n,) and producer.outputs[0] not in s.outputs


def _batch_norm(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    producer = s.producers.get(s.name(n, 0))
    if producer is not None and producer.op in _FOLDS_SCALE and _only_reader(s, n, producer):
        return (s.operand(n, 0),)
    return s.add(n, "batch_norm", [s.operand(n, 0)])


def _clip(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    low, high = _bound(s, n, 1, "min"), _bound(s, n, 2, "max")
    if low == 0 and high in (6, None):
        return s.add(n, "relu6" if high == 6 else "relu", [s.operand(n, 0)])
    # The bounds stay operands: by their values a spelled-out activation is recognised.
    return s.add(n, "clip", [s.operand(n, i) for i, operand in enumerate(n.inputs) if operand])


def _bound(s: OnnxState, n: FileNode, position: int, name: str) -> float | None:
    if position < len(n.inputs) and n.inputs[position]:
        values = s.values.get(n.inputs[position])
        bound = values[0] if values else float("nan")
    else:
        bound = option(n, name, float("inf"))
    return None if abs(bound) > 1e38 else bound


def _layer_norm(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.plain(n, 0)
    if option(n, "axis", -1) not in (-1, len(s.builder.shape(x)) - 1) or len(n.outputs) != 1:
        return unknown(s, n)
    return s.add(n, "layer_norm", [x], plain=True)


def _quantize(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    readers = s.consumers.get(n.outputs[0], ())
    annotation = readers and all(reader.op == "DequantizeLinear" for reader in readers)
    if annotation and s.name(n, 0) not in s.inputs and n.outputs[0] not in s.outputs:
        return (s.operand(n, 0),)
    return s.add(n, "quantize", [s.operand(n, 0)])


def _dequantize(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    producer = s.producers.get(s.name(n, 0))
    if producer is not None and producer.op == "QuantizeLinear" and n.outputs[0] not in s.outputs:
        return (s.operand(n, 0),)
    return s.add(n, "dequantize", [s.operand(n, 0)])


def _same(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    return (s.operand(n, 0),)


def _cast(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    source, target = s.file_tensors.get(s.name(n, 0)), s.file_tensors.get(n.outputs[0])
    if source is not None and target is not None and source.dtype == target.dtype:
        return _same(s, n)
    return s.add(n, "cast", [s.operand(n, 0)])


def _einsum(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """A layer outside the canonical set whose ``sizes`` are those of the equation's indices: their product is its MACs.

    They are left out where the equation has an ellipsis or an operand's shape is not known.
    """
    terms = option(n, "equation", "").replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, name in zip(terms, n.inputs):
        file_tensor = s.file_tensors.get(name)
        if file_tensor is None or file_tensor.shape is None or len(term) != len(file_tensor.shape) or "." in term:
            return unknown(s, n)
        sizes.update(zip(term, file_tensor.shape))
    return unknown(s, n, Attributes(sizes=tuple(sizes.values())))


_RULES: dict[str, Converter] = {
    "Conv": _conv(1),
    "ConvInteger": _conv(1),
    "QLinearConv": _conv(3),
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _matmul(1),
    "MatMulInteger": _matmul(1),
    "QLinearMatMul": _matmul(3),
    "AveragePool": _pool("avgpool2d"),
    "MaxPool": _pool("maxpool2d"),
    "GlobalAveragePool": _global_pool("globalavgpool2d"),
    "GlobalMaxPool": _global_pool("globalmaxpool2d"),
    "Add": _elementwise("add"),
    "Sum": _elementwise("add"),
    "Sub": _elementwise("sub"),
    "Mul": _elementwise("mul"),
    "Div": _elementwise("div"),
    "Max": _elementwise("maximum"),
    "Min": _elementwise("minimum"),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "Clip": _clip,
    **ELEMENTS,
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Einsum": _einsum,
    "Identity": _same,
    "Dropout": _same,
    "Cast": _cast,
    **MOVES,
    **SELECTIONS,
}
