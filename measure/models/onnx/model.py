"""Graph to ONNX, its tensors of rank 4 as (N, C, H, W): the layout of the format's convolutions."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from stairline.measure.models.common import refuse
from stairline.measure.models.parameters import constant_value, layer_parameters
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import Shape

from .operators import EMITTERS
from .writer import NCHW, NHWC, TO_NCHW, Writer

OPSET = 20
"""The first operator set with Gelu; onnxruntime reads it since 1.17."""


def onnx_model(graph: Graph, seed: int = 0, *, external_weights: bool = False) -> onnx.ModelProto:
    """The graph as an ONNX model whose inputs and outputs of rank 4 are (N, C, H, W).

    ``external_weights`` declares the weights as living in a file beside it that is not written: enough for whoever
    reads shapes only, at a thousandth of the size. Raises BuildError for an operator that the format does not have.
    """
    writer = Writer(graph, seed, external_weights)
    inputs = []
    for position, tensor in enumerate(graph.inputs):
        writer.set(tensor, NCHW, f"input_{position}")
        inputs.append(_value_info(f"input_{position}", writer.shape(tensor)))
    for index, constant in enumerate(graph.tensors):
        if constant.constant:
            writer.set(index, NHWC, writer.store(constant_value(graph, index, seed), "constant"))
    for number, layer in enumerate(graph.layers):
        emit = EMITTERS.get(layer.op)
        if emit is None:
            raise refuse(layer, "ONNX has no such operator")
        emit(writer, layer, layer_parameters(graph, number, seed))
    outputs = []
    for position, tensor in enumerate(graph.outputs):
        writer.nodes.append(helper.make_node("Identity", [writer.get(tensor, NCHW)], [f"output_{position}"]))
        outputs.append(_value_info(f"output_{position}", writer.shape(tensor)))
    body = helper.make_graph(writer.nodes, graph.name or "network", inputs, outputs, writer.initializers)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def _value_info(name: str, shape: Shape) -> onnx.ValueInfoProto:
    if len(shape) == 4:
        shape = tuple(shape[i] for i in TO_NCHW)
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
