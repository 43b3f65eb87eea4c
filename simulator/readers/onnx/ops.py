"""ONNX operators that compute, converted to canonical layers."""

from __future__ import annotations

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.readers.assemble import FileNode

from .attention import ATTENTION
from .elements import ELEMENTS
from .moves import MOVES
from .products import PRODUCTS
from .recurrent import RECURRENT
from .selections import SELECTIONS
from .state import Converter, OnnxState, option, unknown
from .windows import WINDOWS

_FOLDS_SCALE = frozenset({"Conv", "ConvTranspose"})


def convert(state: OnnxState, node: FileNode) -> tuple[int, ...]:
    """Append the node's layers and return its output tensors.

    An operator that no rule converts becomes a layer "onnx:NAME" with the shapes that the file or ONNX states.
    """
    return _RULES.get(node.op, unknown)(state, node)


def _elementwise(op: str) -> Converter:
    def rule(s: OnnxState, n: FileNode) -> tuple[int, ...]:
        if len(n.inputs) == 1:
            return (s.operand(n, 0),)
        if op == "add" and _is_bias(s, n):
            return (s.operand(n, 1 if s.is_constant(n, 0) else 0),)
        image = s.images.get(n.outputs[0], 0)
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


def _normalised(op: str) -> Converter:
    return lambda s, n: s.add(n, op, [s.operand(n, 0)])


def _rms_norm(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    x = s.builder.layer("l2_norm", s.plain(n, 0), name=f"{n.name}/root")
    gain = s.builder.constant((s.builder.shape(x)[-1],))
    return s.add(n, "mul", [x, gain], plain=True)


def _dynamic_quantize(s: OnnxState, n: FileNode) -> tuple[int, ...]:
    """The range of the operand is searched first: its scale and its zero point follow from it."""
    x = s.operand(n, 0)
    axes = Attributes(axes=tuple(range(len(s.builder.shape(x)))))
    low = s.builder.layers("reduce_min", [x], axes, name=f"{n.name}/min")[0]
    high = s.builder.layers("reduce_max", [x], axes, name=f"{n.name}/max")[0]
    quantized = s.builder.layers("quantize", [x], name=n.name, dtype="uint8")[0]
    return tuple(index for index, name in zip((quantized, high, low), n.outputs) if name)


_RULES: dict[str, Converter] = {
    **WINDOWS,
    **PRODUCTS,
    **ATTENTION,
    "Add": _elementwise("add"),
    "Sum": _elementwise("add"),
    "Sub": _elementwise("sub"),
    "Mul": _elementwise("mul"),
    "Div": _elementwise("div"),
    "Max": _elementwise("maximum"),
    "Min": _elementwise("minimum"),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _normalised("instance_norm"),
    "MeanVarianceNormalization": _normalised("instance_norm"),
    "GroupNormalization": _normalised("group_norm"),
    "RMSNormalization": _rms_norm,
    "DynamicQuantizeLinear": _dynamic_quantize,
    "Mean": _elementwise("add"),
    "Clip": _clip,
    **ELEMENTS,
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Identity": _same,
    "Dropout": _same,
    "Cast": _cast,
    **MOVES,
    **RECURRENT,
    **SELECTIONS,
}
