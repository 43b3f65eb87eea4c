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


@pytest.mark.parametrize(
    ("shape", "filters", "options", "expected"),
    [
        ((1, 8, 16), (4, 8, 3), {}, 14 * 4 * 3 * 8),
        ((2, 8, 16), (4, 8, 3), {"pads": [2, 1], "strides": [2], "dilations": [2]}, 2 * 8 * 4 * 3 * 8),
        ((1, 8, 16), (8, 1, 5), {"group": 8, "auto_pad": "SAME_UPPER"}, 16 * 8 * 5),
        ((1, 8, 4, 6, 8), (4, 8, 3, 3, 3), {"pads": [1] * 6}, 4 * 6 * 8 * 4 * 27 * 8),
    ],
    ids=["one axis", "one axis, batch 2, stride, dilation and pads", "one axis, depthwise", "three axes"],
)
def test_convolutions_over_one_and_three_axes_have_the_shape_of_the_runtime(shape, filters, options, expected, saved):
    runtime = pytest.importorskip("onnxruntime")
    path = saved(model([node("Conv", "xw", "a", **options), node("Relu", "a")], [floats("w", *filters)], shape))
    graph = read(path)
    (result,) = runtime.InferenceSession(str(path)).run(None, {"x": np.ones(shape, np.float32)})
    n, c, *axes = result.shape
    assert graph.shapes(graph.outputs) == ((n, *([1] if len(axes) == 1 else []), *axes, c),)
    assert macs(graph) == expected


def test_an_operator_of_another_domain_is_kept_when_its_shape_is_stated(saved):
    built = model([helper.make_node("Fancy", ["x"], ["a"], domain="org.example"), node("Relu", "a")])
    built.opset_import.append(helper.make_opsetid("org.example", 1))
    with pytest.raises(ReadError, match=r"org\.example\.Fancy.*states no shape of 'a'"):
        read(saved(built))
    built.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, 4, 2)))
    graph = read(saved(built))
    assert ops(graph) == ["onnx:org.example.Fancy", "relu"]
    assert graph.shapes(graph.outputs) == ((1, 4, 2),)


@pytest.mark.parametrize("output", ["Y", "Y_h"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_a_recurrent_operator_has_the_shapes_of_the_runtime_and_the_products_of_all_steps(
    op, gates, direction, output, saved
):
    runtime = pytest.importorskip("onnxruntime")
    directions = 1 + (direction == "bidirectional")
    stored = [floats("w", directions, gates * 4, 6), floats("r", directions, gates * 4, 4)]
    outputs = ["y"] if output == "Y" else ["", "y"]
    layer = helper.make_node(op, ["x", "w", "r"], outputs, hidden_size=4, direction=direction)
    path = saved(model([layer], stored, (5, 2, 6)))
    graph = read(path)
    (result,) = runtime.InferenceSession(str(path)).run(None, {"x": np.ones((5, 2, 6), np.float32)})
    assert graph.shapes(graph.outputs) == (result.shape,)
    assert macs(graph) == 5 * 2 * directions * gates * 4 * (6 + 4)


@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("bhqd,bhkd->bhqk", ((1, 4, 8, 16), (1, 4, 8, 16)), 4 * 8 * 8 * 16),
        ("bqhd,bkhd->bhqk", ((2, 8, 4, 16), (2, 6, 4, 16)), 2 * 4 * 8 * 6 * 16),
        ("nchw,co->nohw", ((1, 8, 4, 4), (8, 16)), 16 * 8 * 16),
        ("ij,jk->ki", ((3, 5), (5, 7)), 3 * 5 * 7),
        ("i,j->ij", ((3,), (5,)), 15),
    ],
)
def test_an_einsum_of_two_operands_is_one_product_with_the_shape_of_numpy(equation, shapes, expected, saved):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in zip("xz", shapes)]
    built = model([node("Einsum", "xz", equation=equation)], [], shapes[0])
    del built.graph.input[:]
    built.graph.input.extend(inputs)
    graph = read(saved(built))
    assert graph.shapes(graph.outputs) == (np.einsum(equation, *map(np.ones, shapes)).shape,)
    assert macs(graph) == expected


def test_a_convolution_with_filters_that_are_computed_counts_its_products(saved):
    built = model([node("Conv", "xf", pads=[1, 1, 1, 1])], [])
    built.graph.input.append(helper.make_tensor_value_info("f", TensorProto.FLOAT, (4, 8, 3, 3)))
    assert macs(read(saved(built))) == 16 * 16 * 4 * 9 * 8


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("InstanceNormalization", "xgs")], ["instance_norm"]),
        ([node("Mish", "x")], ["mish"]),
        ([node("Softplus", "x")], ["softplus"]),
        ([node("ReduceL2", "x", axes=[2, 3])], ["reduce_sum"]),
        ([node("IsNaN", "x")], ["logical_not"]),
        ([node("Trilu", "x")], ["copy"]),
    ],
)
def test_operators_between_elements_have_a_canonical_name(nodes, expected, saved):
    assert ops(read(saved(model(nodes, [floats("g", 8), floats("s", 8)])))) == expected
