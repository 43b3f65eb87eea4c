"""ONNX Runtime's own operators: a graph has the shape that the runtime computes, and the layers they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.simulator.readers.dispatch import read
from tests.simulator.readers.reading import macs, ops

from .models import FILTER, TensorProto, floats, helper, model

MS = "com.microsoft"


def fused(op, inputs, outputs=("y",), **options):
    return helper.make_node(op, list(inputs), list(outputs), domain=MS, **options)


def scale(name, value=0.05):
    return helper.make_tensor(name, TensorProto.FLOAT, [], [value])


def zero(name):
    return helper.make_tensor(name, TensorProto.UINT8, [], [0])


ROWS = (1, 6, 32)
CASES = {
    "convolution with an activation": (
        [fused("FusedConv", "xw", activation="Relu", pads=[1, 1, 1, 1])],
        [FILTER],
        (1, 8, 16, 16),
        ["conv2d", "relu"],
    ),
    "product with an activation": (
        [fused("FusedGemm", "xwb", activation="Tanh")],
        [floats("w", 32, 16), floats("b", 16)],
        (6, 32),
        ["dense", "tanh"],
    ),
    "product with transposed operands": (
        [fused("FusedMatMul", "xw", transB=1, alpha=0.5)],
        [floats("w", 16, 32)],
        ROWS,
        ["matmul"],
    ),
    "gelu with a bias": ([fused("BiasGelu", "xb")], [floats("b", 32)], ROWS, ["add", "gelu"]),
    "quick gelu": ([fused("FastGelu", "x")], [], ROWS, ["gelu"]),
    "layer normalisation of a sum": (
        [fused("SkipLayerNormalization", "xxgsb")],
        [floats("g", 32), floats("s", 32), floats("b", 32)],
        ROWS,
        ["add", "add", "layer_norm"],
    ),
    "attention": (
        [fused("Attention", "xwb", num_heads=4)],
        [floats("w", 32, 96), floats("b", 96)],
        ROWS,
        [
            "dense",
            "split",
            *["reshape", "transpose"] * 3,
            *["matmul", "softmax", "matmul", "transpose", "reshape"],
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fused_operator_has_the_shape_of_the_runtime_and_the_layers_it_stands_for(name, saved):
    runtime = pytest.importorskip("onnxruntime")
    nodes, stored, shape, expected = CASES[name]
    built = model(nodes, stored, shape)
    built.opset_import.append(helper.make_opsetid(MS, 1))
    path = saved(built)
    graph = read(path)
    (result,) = runtime.InferenceSession(str(path)).run(None, {"x": np.ones(shape, np.float32)})
    stated = result.transpose(0, 2, 3, 1).shape if result.ndim == 4 else result.shape
    assert graph.shapes(graph.outputs) == (stated,)
    assert ops(graph) == expected


def test_attention_counts_its_projection_and_two_products_a_head(saved):
    nodes, stored, shape, _ = CASES["attention"]
    built = model(nodes, stored, shape)
    built.opset_import.append(helper.make_opsetid(MS, 1))
    assert macs(read(saved(built))) == 6 * 32 * 96 + 2 * 6 * 6 * 32


def test_operators_on_quantised_values_read_their_data_alone(saved):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        fused("QLinearAdd", ["q", "s", "z", "q", "s", "z", "s", "z"], ["a"]),
        fused("QLinearSigmoid", ["a", "s", "z", "s", "z"], ["b"]),
        fused("QLinearConcat", ["s", "z", "a", "s", "z", "b", "s", "z"], ["c"], axis=1),
        fused("QLinearGlobalAveragePool", ["c", "s", "z", "s", "z"], ["d"], channels_last=0),
        helper.make_node("DequantizeLinear", ["d", "s", "z"], ["y"]),
    ]
    built = model(nodes, [scale("s"), zero("z")])
    built.opset_import.append(helper.make_opsetid(MS, 1))
    graph = read(saved(built))
    assert ops(graph) == ["quantize", "add", "sigmoid", "concat", "globalavgpool2d", "dequantize"]
    assert graph.shapes(graph.outputs) == ((1, 1, 1, 16),)
    assert graph.dtype == "uint8"


def test_the_range_of_a_dynamic_quantisation_is_searched(saved):
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "s"], ["y"]),
    ]
    weights = helper.make_tensor("w", TensorProto.INT8, [32, 16], np.ones(512, np.int8))
    graph = read(saved(model(nodes, [weights], ROWS)))
    assert ops(graph) == ["reduce_min", "reduce_max", "quantize", "dense", "cast", "mul"]
    assert macs(graph) == 6 * 32 * 16
