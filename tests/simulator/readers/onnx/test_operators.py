"""ONNX operators: a graph has the shapes that ONNX Runtime computes, with channels last."""

from __future__ import annotations

import numpy as np
import pytest

from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.errors import ReadError
from tests.simulator.readers.reading import macs, ops

from .models import (
    FILTER,
    NETWORKS,
    TensorProto,
    floats,
    helper,
    model,
    node,
)

IN_THE_FILES_ORDER = {
    "flatten",
    "reshape to what the network computes",
    "mean of rows and columns",
    "mean of columns, whose axes are reordered first",
    "layout changes of another framework",
    "attention over pixels",
    "layer norm and a biased product",
    "clips",
    "activations",
}
"""Networks whose result is no image: all others are stored channels last."""


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shapes_are_those_of_the_runtime(name, saved):
    runtime = pytest.importorskip("onnxruntime")
    nodes, stored, expected = NETWORKS[name]
    path = saved(model(nodes, stored))
    graph = read(path)
    assert ops(graph) == expected
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((1, 8, 16, 16), np.float32)})
    if name not in IN_THE_FILES_ORDER:
        result = result.transpose(0, 2, 3, 1)
    assert graph.shapes(graph.outputs) == (result.shape,)


CONVOLUTIONS = {
    "plain": ((1, 64, 56, 56), (64, 64, 3, 3), {}, 56 * 56 * 64 * 9 * 64),
    "batch of 16": ((16, 64, 56, 56), (64, 64, 3, 3), {}, 16 * 56 * 56 * 64 * 9 * 64),
    "width of 224": ((1, 64, 56, 224), (64, 64, 3, 3), {}, 56 * 224 * 64 * 9 * 64),
    "dilation": ((1, 64, 56, 56), (64, 64, 3, 3), {"dilations": [2, 2], "pads": [0] * 4}, 52 * 52 * 64 * 9 * 64),
    "groups": ((1, 64, 56, 56), (64, 16, 3, 3), {"group": 4}, 56 * 56 * 64 * 9 * 16),
    "1x3 kernel": ((1, 64, 56, 56), (64, 64, 1, 3), {"pads": [0, 1, 0, 1]}, 56 * 56 * 64 * 3 * 64),
    "stride (2, 1)": ((1, 64, 56, 56), (64, 64, 3, 3), {"strides": [2, 1]}, 28 * 56 * 64 * 9 * 64),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_batch_width_dilation_groups_kernel_and_stride_survive_reading(name, saved):
    shape, filters, options, expected = CONVOLUTIONS[name]
    convolution = node("Conv", "xw", **{"pads": [1, 1, 1, 1], **options})
    graph = read(saved(model([convolution], [floats("w", *filters)], shape)))
    attributes = graph.layers[0].attributes
    assert macs(graph) == expected
    assert attributes.kernel == filters[2:]
    assert attributes.groups == options.get("group", 1)
    assert attributes.stride == tuple(options.get("strides", (1, 1)))
    assert attributes.dilation == tuple(options.get("dilations", (1, 1)))


def test_paddings_are_top_bottom_left_right(saved):
    graph = read(saved(model([node("Conv", "xw", pads=[1, 2, 3, 4])], [FILTER])))
    assert graph.layers[0].attributes.padding == (1, 3, 2, 4)


def test_a_convolution_along_one_axis_is_kept_with_its_shape(saved):
    graph = read(saved(model([node("Conv", "xw")], [floats("w", 4, 8, 3)], (1, 8, 16))))
    assert ops(graph) == ["onnx:Conv"]
    assert graph.shapes(graph.outputs) == ((1, 4, 14),)


def test_an_operator_of_another_domain_is_kept_when_its_shape_is_stated(saved):
    built = model([helper.make_node("Fancy", ["x"], ["a"], domain="org.example"), node("Relu", "a")])
    built.opset_import.append(helper.make_opsetid("org.example", 1))
    with pytest.raises(ReadError, match=r"org\.example\.Fancy.*states no shape of 'a'"):
        read(saved(built))
    built.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, 4, 2)))
    graph = read(saved(built))
    assert ops(graph) == ["onnx:org.example.Fancy", "relu"]
    assert graph.shapes(graph.outputs) == ((1, 4, 2),)


@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_a_recurrent_operator_without_a_rule_is_kept_with_the_shape_of_the_runtime(op, gates, saved):
    runtime = pytest.importorskip("onnxruntime")
    stored = [floats("w", 1, gates * 4, 6), floats("r", 1, gates * 4, 4)]
    path = saved(model([node(op, "xwr", hidden_size=4)], stored, (5, 2, 6)))
    graph = read(path)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": np.ones((5, 2, 6), np.float32)})
    assert ops(graph) == [f"onnx:{op}"]
    assert graph.shapes(graph.outputs) == (result.shape,)
