"""OpenVINO's operators restated as those of ONNX (see ``contents.py``); attribute names are those of its opsets."""

from __future__ import annotations

from typing import Any

from stairline.simulator.readers.assemble import FileNode
from stairline.simulator.readers.errors import ReadError

from .contents import Contents
from .document import IrLayer
from .moves import MOVES
from .rules import Rule, renamed

_PADDING = {"same_upper": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}


def restated(found: Contents, layer: IrLayer) -> list[FileNode]:
    """The operators of ONNX that the layer is; one that has none keeps its own name, which ONNX does not know."""
    rule = _RULES.get(layer.kind)
    if rule is None:
        return [found.node(layer, f"{layer.kind}")]
    if not layer.inputs or not layer.outputs:
        raise ReadError(f"{layer.where}: has no input or no output: save the model again")
    return rule(found, layer)


def _window(layer: IrLayer) -> dict[str, Any]:
    """Strides, dilations and padding as ONNX names them."""
    return {
        "strides": layer.numbers("strides"),
        "dilations": layer.numbers("dilations"),
        "pads": (*layer.numbers("pads_begin"), *layer.numbers("pads_end")),
        "auto_pad": _PADDING.get(layer.text("auto_pad"), "NOTSET"),
    }


def _convolution(op: str, grouped: bool) -> Rule:
    """A convolution; the filters of one in groups have an axis of groups in front, which ONNX joins with the next."""

    def rule(found: Contents, layer: IrLayer) -> list[FileNode]:
        x, filters = (*found.inputs(layer), "")[:2]
        if not grouped:
            return [found.node(layer, op, (x, filters), **_window(layer))]
        if filters not in found.tensors or len(found.shape(filters, layer)) < 4:
            raise ReadError(f"{layer.where}: has no filters with an axis of groups: save the model again")
        groups, outer, *rest = found.shape(filters, layer)
        name = found.between(layer, "filters", (groups * outer, *rest))
        joined = FileNode(f"{layer.name}/filters", "Reshape", (filters,), (name,), {})
        return [joined, found.node(layer, op, (x, name), group=groups, **_window(layer))]

    return rule


def _pool(op: str) -> Rule:
    def rule(found: Contents, layer: IrLayer) -> list[FileNode]:
        ceil = int(layer.text("rounding_type", "floor").startswith("ceil"))
        options: dict[str, Any] = {**_window(layer), "kernel_shape": layer.numbers("kernel"), "ceil_mode": ceil}
        return [found.node(layer, op, **options)]

    return rule


def _matmul(found: Contents, layer: IrLayer) -> list[FileNode]:
    """With stored weights a Gemm, which is a fully connected layer; otherwise a product that may transpose."""
    options: dict[str, Any] = {"transA": int(layer.flag("transpose_a")), "transB": int(layer.flag("transpose_b"))}
    names = found.inputs(layer)
    weights = len(names) == 2 and len(found.shape(names[1], layer)) == 2 and not options["transA"]
    stored = weights and found.tensors[names[1]].constant and not found.tensors[names[0]].constant
    return [found.node(layer, "Gemm" if stored else "com.microsoft.FusedMatMul", **options)]


def _clamp(found: Contents, layer: IrLayer) -> list[FileNode]:
    return [found.node(layer, "Clip", min=layer.real("min", -1e39), max=layer.real("max", 1e39))]


def _prelu(found: Contents, layer: IrLayer) -> list[FileNode]:
    """One slope for all channels makes it a leaky ReLU, which is how OpenVINO stores one."""
    names = found.inputs(layer)
    shape = found.tensors[names[-1]].shape
    one = len(names) == 2 and shape is not None and all(size == 1 for size in shape)
    return [found.node(layer, "LeakyRelu", names[:1]) if one else found.node(layer, "PRelu")]


def _mean_variance(found: Contents, layer: IrLayer) -> list[FileNode]:
    """A normalisation along the last axis is a layer normalisation; along pixels, that of an instance."""
    names = found.inputs(layer)
    rank = len(found.shape(names[0], layer))
    axes = {axis % rank for axis in found.integers(layer, 1, "axes")} if rank else set()
    op = "LayerNormalization" if axes == {rank - 1} else "InstanceNormalization"
    found.normalised.update(found.outputs(layer))
    return [found.node(layer, op, names[:1])]


def _affine(op: str) -> Rule:
    """The scale and the shift of a normalisation go into it, as the CPU plugin fuses them."""

    def rule(found: Contents, layer: IrLayer) -> list[FileNode]:
        names = found.inputs(layer)
        part = next((name for name in names if name in found.normalised), None)
        others = [name for name in names if name != part]
        if part is None or len(others) != 1 or not found.tensors[others[0]].constant:
            return [found.node(layer, op)]
        if len(found.readers[part]) != 1:
            return [found.node(layer, op)]
        found.normalised.update(found.outputs(layer))
        return [found.node(layer, "Identity", (part,))]

    return rule


def _einsum(found: Contents, layer: IrLayer) -> list[FileNode]:
    return [found.node(layer, "Einsum", equation=layer.data.get("equation", ""))]


def _fake_quantize(found: Contents, layer: IrLayer) -> list[FileNode]:
    """What states the precision of a tensor: ONNX's pair of operators."""
    names = found.inputs(layer)
    middle = found.between(layer, "quantized", found.shape(names[0], layer), "int8")
    first = FileNode(f"{layer.name}/quantize", "QuantizeLinear", names[:1], (middle,), {})
    return [first, found.node(layer, "DequantizeLinear", (middle,))]


def _attention(found: Contents, layer: IrLayer) -> list[FileNode]:
    """Queries times keys, a scale, a mask where there is one, the softmax, and that times the values."""
    names = found.inputs(layer)
    if len(names) < 3:
        raise ReadError(f"{layer.where}: has {len(names)} operands, not queries, keys and values: save the model again")
    queries, keys = found.shape(names[0], layer), found.shape(names[1], layer)
    if len(queries) < 2 or len(keys) < 2:
        raise ReadError(f"{layer.where}: queries {queries} and keys {keys} must have two axes or more")
    scores = (*queries[:-1], keys[-2])
    product, scaled, weights = (found.between(layer, name, scores) for name in ("scores", "scaled", "weights"))
    scale = found.between(layer, "scale", (1,))
    found.stored.add(scale)
    at = layer.name
    nodes = [
        FileNode(f"{at}/scores", "com.microsoft.FusedMatMul", (names[0], names[1]), (product,), {"transB": 1}),
        FileNode(f"{at}/scale", "Mul", (product, scale), (scaled,), {}),
    ]
    if len(names) > 3 and found.shape(names[3], layer):
        masked = found.between(layer, "masked", scores)
        nodes.append(FileNode(f"{at}/mask", "Add", (scaled, names[3]), (masked,), {}))
        scaled = masked
    nodes.append(FileNode(f"{at}/softmax", "Softmax", (scaled,), (weights,), {"axis": -1}))
    return [*nodes, found.node(layer, "MatMul", (weights, names[2]))]


_SAME_NAME = (
    *("Relu", "Sigmoid", "Tanh", "HardSigmoid", "Elu", "Selu", "Mish", "Exp", "Log", "Sqrt", "Abs", "Sign", "Floor"),
    *("Round", "Erf", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Greater", "Less", "Equal", "Mod", "Gelu", "LRN"),
    *("GridSample", "LogSoftmax", "CumSum", "GroupNormalization"),
)
_OTHER_NAME = {
    "Swish": "Swish",
    "ReLU": "Relu",
    "HSwish": "HardSwish",
    "HSigmoid": "HardSigmoid",
    "SoftPlus": "Softplus",
    "SoftSign": "Softsign",
    "Negative": "Neg",
    "Ceiling": "Ceil",
    "LogicalNot": "Not",
    "LogicalAnd": "And",
    "LogicalOr": "Or",
    "Subtract": "Sub",
    "Divide": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
    "Power": "Pow",
    "FloorMod": "Mod",
    "GreaterEqual": "GreaterOrEqual",
    "LessEqual": "LessOrEqual",
    "Select": "Where",
    "Convert": "Cast",
    "BatchNormInference": "BatchNormalization",
    "ShapeOf": "Shape",
    "NormalizeL2": "LpNormalization",
}

_RULES: dict[str, Rule] = {
    **{name: renamed(name) for name in _SAME_NAME},
    **{name: renamed(onnx) for name, onnx in _OTHER_NAME.items()},
    "Convolution": _convolution("Conv", False),
    "GroupConvolution": _convolution("Conv", True),
    "ConvolutionBackpropData": _convolution("ConvTranspose", False),
    "GroupConvolutionBackpropData": _convolution("ConvTranspose", True),
    "MaxPool": _pool("MaxPool"),
    "AvgPool": _pool("AveragePool"),
    "MatMul": _matmul,
    "Clamp": _clamp,
    "PReLU": _prelu,
    "MVN": _mean_variance,
    "Multiply": _affine("Mul"),
    "Add": _affine("Add"),
    "Einsum": _einsum,
    "FakeQuantize": _fake_quantize,
    "ScaledDotProductAttention": _attention,
    **MOVES,
}
"""The restatement of each operator, by its name in OpenVINO."""
