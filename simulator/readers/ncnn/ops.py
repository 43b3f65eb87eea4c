"""ncnn layers without windows, converted to canonical layers. Source of types and parameters: ncnn, docs/."""

from __future__ import annotations

from math import prod

from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.ops import Shape
from stairline.simulator.readers.attention import attended
from stairline.simulator.readers.errors import ReadError

from .activations import activated
from .moves import MOVES
from .state import Blob, Converter, NcnnState, to_graph
from .text import NcnnLayer
from .windows import WINDOWS

_BINARY = ("add", "sub", "mul", "div", "maximum", "minimum", "pow", "sub", "div", "pow", "sin")
_UNARY = (
    *("abs", "neg", "floor", "ceil", "square", "sqrt", "rsqrt", "exp", "log", "sin", "cos", "sin"),
    *("sin", "sin", "sin", "rsqrt", "tanh", "log", "round", "floor"),
)
"""Canonical operators by ncnn's numbers; a tangent or an inverse sine counts as a sine."""
_REDUCTIONS = ("reduce_sum", "reduce_sum", "reduce_sum", "mean", "reduce_max", "reduce_min", "reduce_prod")


def convert(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """The blobs that a line gives. Raises ReadError for a type of layer that is not known."""
    rule = _RULES.get(n.kind)
    if rule is None:
        raise ReadError(f"{n.where}: layers of this type are not read: replace it, or convert the network from ONNX")
    return rule(s, n)


def _unary(op: str) -> Converter:
    return lambda s, n: (s.add(n, op, [s.blob(n).tensor]),)


def _same(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    return (s.blob(n),) * len(n.outputs)


def _relu(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    return (s.add(n, "leaky_relu" if n.number(0, 0.0) else "relu", [s.blob(n).tensor]),)


def _clip(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    bounds = n.number(0, -1e38), n.number(1, 1e38)
    op = {(0.0, 6.0): "relu6"}.get(bounds, "relu" if bounds[0] == 0.0 and bounds[1] > 1e37 else "clip")
    return (s.add(n, op, [s.blob(n).tensor]),)


def _inner_product(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """A product with all values of the blob; of rows each where it has two axes and the weights fit a row."""
    x, c_out, weights = s.blob(n), n.whole(0), n.whole(2)
    by_row = len(x.shape) == 2 and weights == x.shape[1] * c_out
    inner = x.shape[-1] if by_row else prod(x.shape)
    if c_out < 1 or (weights and weights != inner * c_out):
        raise ReadError(f"{n.where}: {weights} weights do not fit {inner} inputs and {c_out} outputs")
    if not by_row and len(x.shape) > 1:
        x = s.add(n, "reshape", [x.tensor], Attributes(sizes=(1, inner)), "/flat")
    return (activated(s, n, s.add(n, "dense", [x.tensor], Attributes(c_out=c_out))),)


def _operands(s: NcnnState, n: NcnnLayer, blobs: list[Blob]) -> list[int]:
    """Tensors that broadcast: a blob of one axis is, beside an image, a value for each of its channels."""
    widest = max(blobs, key=lambda blob: len(blob.shape))
    found = []
    for place, blob in enumerate(blobs):
        if len(blob.shape) == len(widest.shape):
            found.append(blob.tensor)
            continue
        by_channel = len(blob.shape) == 1 and blob.shape[0] == widest.shape[0]
        shape = (blob.shape[0], *(1,) * (len(widest.shape) - 1)) if by_channel else _led(blob.shape, len(widest.shape))
        sizes = to_graph(shape)
        if s.builder.shape(blob.tensor) != sizes:
            reshaped = s.builder.layer("reshape", blob.tensor, name=f"{n.name}/operand{place}", sizes=sizes)
            found.append(reshaped)
        else:
            found.append(blob.tensor)
    return found


def _led(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def _binary(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    number = n.whole(0)
    if not 0 <= number < len(_BINARY):
        raise ReadError(f"{n.where}: operation {number} is not known")
    if n.whole(1) or len(n.inputs) == 1:
        return (_with_constant(s, n, _BINARY[number], n.number(2, 0.0)),)
    return (s.add(n, _BINARY[number], _operands(s, n, [s.blob(n, i) for i in range(len(n.inputs))])),)


def _with_constant(s: NcnnState, n: NcnnLayer, op: str, value: float) -> Blob:
    return s.add(n, op, [s.blob(n).tensor, s.builder.constant((1,), value=value)])


def _eltwise(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    op = {0: "mul", 1: "add", 2: "maximum"}.get(n.whole(0))
    if op is None:
        raise ReadError(f"{n.where}: operation {n.whole(0)} is not known")
    return (s.add(n, op, _operands(s, n, [s.blob(n, i) for i in range(len(n.inputs))])),)


def _unary_op(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    number = n.whole(0)
    if not 0 <= number < len(_UNARY):
        raise ReadError(f"{n.where}: operation {number} is not known")
    return (s.add(n, _UNARY[number], [s.blob(n).tensor]),)


def _scale(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """A product with a stored value for each channel and, with a bias, a sum; or the product of two blobs."""
    if n.whole(0) == -233:
        return (s.add(n, "mul", _operands(s, n, [s.blob(n, 0), s.blob(n, 1)])),)
    x = s.blob(n)
    shape = to_graph((x.shape[0], *(1,) * (len(x.shape) - 1)))
    found = s.add(n, "mul", [x.tensor, s.builder.constant(shape)])
    if n.whole(1):
        found = s.add(n, "add", [found.tensor, s.builder.constant(shape)], suffix="/bias")
    return (found,)


def _bias(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x = s.blob(n)
    return (s.add(n, "add", [x.tensor, s.builder.constant(to_graph((x.shape[0], *(1,) * (len(x.shape) - 1))))]),)


def _power(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    return (s.add(n, "mul" if n.number(0, 1.0) == 1.0 else "pow", [s.blob(n).tensor, s.builder.constant((1,))]),)


def _reduction(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    x, number = s.blob(n), n.whole(0)
    op = _REDUCTIONS[number] if 0 <= number < len(_REDUCTIONS) else "reduce_sum"
    rank = len(x.shape)
    axes = tuple(range(rank)) if n.whole(1, 1) or not n.array(3) else tuple(axis % rank for axis in n.array(3))
    keeps = bool(n.whole(4))
    kept = tuple(1 if a in axes else d for a, d in enumerate(x.shape) if keeps or a not in axes) or (1,)
    stored = tuple(a + 1 if rank < 3 else (rank if a == 0 else a) for a in axes)
    reduced = s.builder.layer(op, x.tensor, name=n.name, axes=stored, keepdims=keeps)
    if s.builder.shape(reduced) != to_graph(kept):
        reduced = s.builder.layer("reshape", reduced, name=f"{n.name}/axes", sizes=to_graph(kept))
    return (Blob(reduced, kept),)


def _attention(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """Queries, keys and values are projected, attended to in heads and projected again."""
    q = s.blob(n, 0)
    k = s.blob(n, 1) if len(n.inputs) > 1 else q
    v = s.blob(n, 2) if len(n.inputs) > 2 else k
    wide, heads = n.whole(0), max(n.whole(1, 1), 1)
    if wide < 1 or wide % heads or len(q.shape) != 2:
        raise ReadError(f"{n.where}: {heads} heads of {wide} channels on {q.shape}: it needs rows of channels")
    blobs = {"q": q, "k": k, "v": v}
    projected = [s.builder.layer("dense", b.tensor, name=f"{n.name}/{what}", c_out=wide) for what, b in blobs.items()]
    rows = attended(s.builder, f"{n.name}/heads", projected, heads)
    return (s.add(n, "dense", [rows], Attributes(c_out=q.shape[1])),)


def _recurrent(op: str, gates: int) -> Converter:
    def rule(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
        x, cells = s.blob(n), n.whole(3, n.whole(0)) if op == "lstm" else n.whole(0)
        if len(x.shape) != 2 or cells < 1 or len(n.outputs) != 1:
            raise ReadError(f"{n.where}: {cells} cells on {x.shape} with {len(n.outputs)} outputs are not read")
        directions = 2 if n.whole(2) == 2 else 1
        return (s.add(n, op, [x.tensor], Attributes(c_out=cells, multiplier=gates, groups=directions)),)

    return rule


def _detections(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    """Boxes are decoded and the best of them kept, as many as the layer may give; that boxes overlap is not counted."""
    boxes, scores, most = s.blob(n, 0), s.blob(n, 1), n.whole(3, 100)
    s.builder.layer("mul", boxes.tensor, s.builder.constant((1,)), name=f"{n.name}/decode")
    return _best(s, n, scores, most, 6)


def _yolo(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    scores = s.add(n, "sigmoid", [s.blob(n).tensor], suffix="/scores")
    return _best(s, n, scores, 100, 6)


def _best(s: NcnnState, n: NcnnLayer, scores: Blob, most: int, columns: int) -> tuple[Blob, ...]:
    flat = s.add(n, "reshape", [scores.tensor], Attributes(sizes=(1, prod(scores.shape))), "/all")
    kept = min(most, prod(scores.shape))
    best = s.builder.layers("topk", [flat.tensor], Attributes(axis=1, sizes=(kept,)), name=f"{n.name}/best")[0]
    rows = s.builder.layer("reshape", best, name=f"{n.name}/rows", sizes=(1, kept, 1))
    s.notes.append(f"{n.where}: it gives {kept} boxes, the most that it may, and their overlaps are not counted")
    return (s.add(n, "tile", [rows], Attributes(sizes=(1, kept, columns))),)


def _memory(s: NcnnState, n: NcnnLayer) -> tuple[Blob, ...]:
    shape = tuple(size for size in (n.whole(2), n.whole(11), n.whole(1), n.whole(0)) if size)
    return (Blob(s.builder.constant(to_graph(shape), n.outputs[0]), shape),)


_RULES: dict[str, Converter] = {
    **WINDOWS,
    **MOVES,
    **dict.fromkeys(("Split", "Dropout", "Noop", "Packing"), _same),
    "MemoryData": _memory,
    "InnerProduct": _inner_product,
    "MultiHeadAttention": _attention,
    "LSTM": _recurrent("lstm", 4),
    "GRU": _recurrent("gru", 3),
    "RNN": _recurrent("rnn", 1),
    "BinaryOp": _binary,
    "Eltwise": _eltwise,
    "UnaryOp": _unary_op,
    "Scale": _scale,
    "Bias": _bias,
    "Power": _power,
    "Reduction": _reduction,
    "ReLU": _relu,
    "Clip": _clip,
    "DetectionOutput": _detections,
    "YoloDetectionOutput": _yolo,
    "Yolov3DetectionOutput": _yolo,
    **{
        kind: _unary(op)
        for kind, op in {
            "AbsVal": "abs",
            "BatchNorm": "batch_norm",
            "Cast": "cast",
            "BNLL": "softplus",
            "ELU": "elu",
            "Exp": "exp",
            "GELU": "gelu",
            "GroupNorm": "group_norm",
            "HardSigmoid": "hard_sigmoid",
            "HardSwish": "hard_swish",
            "InstanceNorm": "instance_norm",
            "LayerNorm": "layer_norm",
            "Log": "log",
            "LRN": "lrn",
            "Mish": "mish",
            "MVN": "instance_norm",
            "Normalize": "l2_norm",
            "PReLU": "prelu",
            "Quantize": "quantize",
            "Requantize": "quantize",
            "Dequantize": "dequantize",
            "SELU": "elu",
            "Sigmoid": "sigmoid",
            "Softplus": "softplus",
            "Swish": "swish",
            "TanH": "tanh",
            "Threshold": "greater",
        }.items()
    },
}
"""Conversion of each layer, by its type in ncnn."""
