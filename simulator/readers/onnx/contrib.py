"""ONNX Runtime's own operators as the standard operators that they stand for, so that all that follows knows them.

They appear in files that ONNX Runtime optimised or quantised. Operands that scale or shift quantised values are left
out: no layer reads them. Source: ONNX Runtime, docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

DOMAIN = "com.microsoft"


def with_standard_operators(graph: Any) -> None:
    """Put standard operators in the place of those of ONNX Runtime that stand for some, in a GraphProto."""
    if all(node.domain != DOMAIN for node in graph.node):
        return
    nodes = []
    for node in graph.node:
        rule = _RULES.get(node.op_type) if node.domain == DOMAIN else None
        nodes += [node] if rule is None else list(rule(node))
    del graph.node[:]
    graph.node.extend(nodes)


Rule = Callable[[Any], Iterator[Any]]


def _options(node: Any) -> dict[str, Any]:
    import onnx.helper

    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def _node(like: Any, op: str, inputs: Sequence[str], outputs: Sequence[str], suffix: str = "", **options: Any) -> Any:
    import onnx.helper

    name = f"{like.name or like.output[0]}{suffix}"
    return onnx.helper.make_node(op, list(inputs), list(outputs), name=name, **options)


def _inner(node: Any, suffix: str) -> str:
    """A name for a tensor between the operators that stand for a node."""
    return f"{node.output[0]}/{suffix}"


def _operand(node: Any, place: int) -> str:
    return node.input[place] if place < len(node.input) else ""


def _as(op: str, *places: int) -> Rule:
    """One standard operator with the operands at these places and the node's own attributes."""

    def rule(node: Any) -> Iterator[Any]:
        yield _node(node, op, [node.input[place] for place in places], node.output[:1], **_options(node))

    return rule


def _with_activation(op: str) -> Rule:
    """A product, an addition of the fourth operand where there is one, and the activation that an attribute names."""

    def rule(node: Any) -> Iterator[Any]:
        options = _options(node)
        activation = options.pop("activation", b"").decode()
        options = {name: value for name, value in options.items() if not name.startswith("activation")}
        product = _inner(node, "product") if activation or _operand(node, 3) else node.output[0]
        yield _node(node, op, [name for name in node.input[:3] if name], [product], **options)
        if _operand(node, 3):
            total = _inner(node, "sum") if activation else node.output[0]
            yield _node(node, "Add", [product, node.input[3]], [total], "/add")
            product = total
        if activation:
            yield _node(node, activation, [product], node.output[:1], f"/{activation}")

    return rule


def _bias_gelu(node: Any) -> Iterator[Any]:
    source = node.input[0]
    if _operand(node, 1):
        yield _node(node, "Add", node.input[:2], [_inner(node, "biased")], "/bias")
        source = _inner(node, "biased")
    yield _node(node, "Gelu", [source], node.output[:1])


def _skip_norm(op: str, parameters: int) -> Rule:
    """The sum of two operands, a bias added to it where there is one, normalised; the sum is an output as well."""

    def rule(node: Any) -> Iterator[Any]:
        total = node.output[3] if len(node.output) > 3 and node.output[3] else _inner(node, "sum")
        bias = _operand(node, 2 + parameters)
        first = _inner(node, "skipped") if bias else total
        yield _node(node, "Add", node.input[:2], [first], "/skip")
        if bias:
            yield _node(node, "Add", [first, bias], [total], "/bias")
        gains = [name for name in node.input[2 : 2 + parameters] if name]
        yield _node(node, op, [total, *gains], node.output[:1])

    return rule


def _embedding(node: Any) -> Iterator[Any]:
    """Words, positions and, where there are any, segments, looked up, added and normalised."""
    ids, segments, words, positions, of_segments, gain, shift = (_operand(node, place) for place in range(7))
    yield _node(node, "Gather", [words, ids], [_inner(node, "words")], "/words")
    yield _node(node, "Gather", [positions, ids], [_inner(node, "positions")], "/positions")
    total = _inner(node, "sum")
    yield _node(node, "Add", [_inner(node, "words"), _inner(node, "positions")], [total], "/add")
    if segments and of_segments:
        yield _node(node, "Gather", [of_segments, segments], [_inner(node, "segments")], "/segments")
        yield _node(node, "Add", [total, _inner(node, "segments")], [_inner(node, "all")], "/add_segments")
        total = _inner(node, "all")
    yield _node(node, "LayerNormalization", [total, gain, shift], node.output[:1])
    if len(node.output) > 1 and node.output[1] and _operand(node, 7):
        yield _node(node, "ReduceSum", [node.input[7]], node.output[1:2], "/mask", keepdims=0)


def _concat(node: Any) -> Iterator[Any]:
    yield _node(node, "Concat", node.input[2::3], node.output, **_options(node))


def _quantised_pool(op: str) -> Rule:
    """A pooling whose images are channels last where an attribute says so."""

    def rule(node: Any) -> Iterator[Any]:
        options = _options(node)
        if not options.pop("channels_last", op == "MaxPool"):
            yield _node(node, op, node.input[:1], node.output, **options)
            return
        before, after = _inner(node, "channels_first"), _inner(node, "pooled")
        yield _node(node, "Transpose", node.input[:1], [before], "/before", perm=(0, 3, 1, 2))
        yield _node(node, op, [before], [after], **options)
        yield _node(node, "Transpose", [after], node.output, "/after", perm=(0, 2, 3, 1))

    return rule


def _lstm(node: Any) -> Iterator[Any]:
    options = {name: value for name, value in _options(node).items() if name in ("direction", "hidden_size")}
    yield _node(node, "LSTM", node.input[:3], node.output, **options)


def _quantised_conv(node: Any) -> Iterator[Any]:
    options = _options(node)
    if not options.pop("channels_last", 0):
        yield _node(node, "QLinearConv", node.input, node.output, **options)
        return
    before, after = _inner(node, "channels_first"), _inner(node, "convolved")
    yield _node(node, "Transpose", node.input[:1], [before], "/before", perm=(0, 3, 1, 2))
    yield _node(node, "QLinearConv", [before, *node.input[1:]], [after], **options)
    yield _node(node, "Transpose", [after], node.output, "/after", perm=(0, 2, 3, 1))


_RULES: dict[str, Rule] = {
    "FusedConv": _with_activation("Conv"),
    "FusedGemm": _with_activation("Gemm"),
    "QGemm": _as("Gemm", 0, 3),
    "MatMulIntegerToFloat": _as("MatMulInteger", 0, 1),
    "DynamicQuantizeMatMul": _as("MatMul", 0, 1),
    "Gelu": _as("Gelu", 0),
    "BiasGelu": _bias_gelu,
    "FastGelu": _bias_gelu,
    "SimplifiedLayerNormalization": _as("RMSNormalization", 0, 1),
    "SkipLayerNormalization": _skip_norm("LayerNormalization", 2),
    "SkipSimplifiedLayerNormalization": _skip_norm("RMSNormalization", 1),
    "EmbedLayerNormalization": _embedding,
    "QLinearConv": _quantised_conv,
    "QLinearAdd": _as("Add", 0, 3),
    "QLinearMul": _as("Mul", 0, 3),
    "QLinearWhere": _as("Where", 0, 1, 4),
    "QLinearConcat": _concat,
    "QLinearSigmoid": _as("Sigmoid", 0),
    "QLinearLeakyRelu": _as("LeakyRelu", 0),
    "QLinearSoftmax": _as("Softmax", 0),
    "QLinearReduceMean": _as("ReduceMean", 0),
    "QLinearGlobalAveragePool": _quantised_pool("GlobalAveragePool"),
    "QLinearAveragePool": _quantised_pool("AveragePool"),
    "NhwcMaxPool": _quantised_pool("MaxPool"),
    "QuantizeLinear": _as("QuantizeLinear", 0, 1),
    "DequantizeLinear": _as("DequantizeLinear", 0, 1),
    "DynamicQuantizeLSTM": _lstm,
}
"""What each operator stands for, by its name."""
