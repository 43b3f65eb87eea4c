"""What onnxruntime's optimiser does on x86: which operators it names, and the blocked layout that it calls NCHWc."""

from __future__ import annotations

from stairline.simulator.graph.graph import Graph, Layer
from stairline.simulator.graph.ops import ACTIVATIONS
from stairline.simulator.mapping.layouts import OWN, PLAIN, Use, layout
from stairline.simulator.mapping.rewrites import Replacement, matches, spelled_out

_NOT_NAMED = (
    *("sigmoid", "hard_sigmoid", "hard_swish", "softplus", "mish", "softmax"),
    *("relu6", "leaky_relu", "prelu", "l2_norm", "instance_norm", "group_norm"),
)
"""Operators that no fusion of the optimiser recognises in a spelling; it does name GELU, swish and layer norm."""

_POOLS = frozenset({"maxpool2d", "avgpool2d", "globalavgpool2d", "globalmaxpool2d"})
_BLOCK, _ALIGNED = 16, 4
"""Channels of a block, and the number of which a convolution's channels must be a multiple to be put into blocks."""


@matches(*_NOT_NAMED)
def operators_as_spelled(_: Graph, layer: Layer) -> Replacement | None:
    """An operator that the file spells out runs one by one as it is spelled, where the optimiser has no name for it."""
    return None if layer.spelling is None else spelled_out


@layout
def channels_in_blocks(graph: Graph, layer: Layer, own: list[bool]) -> Use:
    """Convolutions and pooling use channels in blocks of 16; a map is put back for operators without such a kernel."""
    inputs = [t for t in layer.inputs if not graph.tensors[t].constant]
    c_in, c_out = graph.tensors[layer.inputs[0]].shape[-1], graph.tensors[layer.outputs[0]].shape[-1]
    if layer.op == "conv2d":
        return _convolution_in_blocks(c_in, c_out, layer.attributes.groups)
    if layer.op == "dwconv2d":
        return OWN if c_in == c_out and c_in % _ALIGNED == 0 else PLAIN
    if layer.op in _POOLS:
        return OWN if c_in % _BLOCK == 0 else PLAIN
    if layer.op in ACTIVATIONS or layer.op == "batch_norm":
        return Use(None, own[layer.inputs[0]])
    if layer.op in ("add", "mul") and all(own[t] for t in layer.inputs):
        shapes = graph.shapes(layer.inputs)
        return OWN if all(shape == shapes[0] for shape in shapes) else PLAIN
    if layer.op == "concat" and all(own[t] and graph.tensors[t].shape[-1] % _BLOCK == 0 for t in inputs):
        return OWN
    return PLAIN


def _convolution_in_blocks(c_in: int, c_out: int, groups: int) -> Use:
    if groups > 1:
        return PLAIN if c_in // groups % _BLOCK or c_out // groups % _BLOCK else OWN
    if c_in < _BLOCK:
        return Use(False, True)
    return PLAIN if c_in % _ALIGNED else OWN
