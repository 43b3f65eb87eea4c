"""Biases, scales and normalisations that fold into the weights of the layer before them.

Such a layer counts a bias for each output channel whether a file states one or not, so nothing but the folded layer
changes. onnxruntime 1.32 folds them (optimizer/conv_add_fusion.cc, conv_mul_fusion.cc, conv_bn_fusion.cc,
matmul_bn_fusion.cc), OpenVINO (ConvolutionMultiplyFusion and the biases of its plugins), and TensorFlow's converter
before it writes a file (lite/transforms/optimize_patterns.td, FuseBinaryOpToPrecedingAffine).
"""

from __future__ import annotations

from stairline.simulator.graph.graph import Graph, Layer

from .found import Found, single_reader
from .matching import match
from .terms import Operand, applied

_WEIGHTED = frozenset({"conv2d", "dwconv2d", "conv2d_transpose", "dense"})
_COMMUTES = frozenset({"add", "mul"})
_WITHOUT_SHIFT = applied("relu6", Operand()) / 6


def constant_folded(graph: Graph, index: int) -> Found | None:
    """A sum, difference, product or quotient with one constant for each channel, or a normalisation, after weights."""
    layer = graph.layers[index]
    x = _operand(graph, layer)
    if x is None or not single_reader(graph, x):
        return None
    result, written = graph.tensors[layer.outputs[0]], graph.tensors[x]
    if not _has_weights(graph, x) or result.shape != written.shape or result.dtype != written.dtype:
        return None
    return Found(frozenset({index}), index, x)


def folded_hard_sigmoid(graph: Graph, index: int) -> Found | None:
    """relu6(x) / 6 behind a layer with weights: a hard sigmoid whose added 3 a converter put into that layer's bias."""
    if "relu6" not in graph.operators:
        return None
    found = match(graph, index, "hard_sigmoid", _WITHOUT_SHIFT)
    return (
        found
        if found is not None and single_reader(graph, found.source) and _has_weights(graph, found.source)
        else None
    )


def _has_weights(graph: Graph, tensor: int) -> bool:
    """Whether the layer that writes a tensor multiplies by stored weights and adds a bias."""
    if graph.producer[tensor] < 0:
        return False
    layer = graph.layers[graph.producer[tensor]]
    return layer.op in _WEIGHTED or (layer.op == "matmul" and graph.tensors[layer.inputs[1]].constant)


def _operand(graph: Graph, layer: Layer) -> int | None:
    """The computed operand of a layer whose other one is a constant for each channel; None for any other layer."""
    if layer.op == "batch_norm":
        return layer.inputs[0]
    if len(layer.inputs) != 2:
        return None
    x, constant = layer.inputs
    if graph.tensors[x].constant and layer.op in _COMMUTES:
        x, constant = constant, x
    stored = graph.tensors[constant]
    if not stored.constant or graph.tensors[x].constant:
        return None
    *outer, channels = stored.shape
    per_channel = channels in (1, graph.tensors[x].shape[-1]) and all(size == 1 for size in outer)
    return x if per_channel else None
