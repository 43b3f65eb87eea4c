"""Nodes that fold into others, run beforehand or are not needed become no layers, and weights are not loaded."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from stairline.simulator.graph.ops import count
from stairline.simulator.readers.dispatch import read
from stairline.simulator.readers.onnx.wire import without_payloads
from tests.simulator.readers.reading import macs, ops

from .models import (
    CONV,
    FILTER,
    TensorProto,
    floats,
    helper,
    model,
    node,
    numpy_helper,
    onnx,
)


def test_batch_normalisation_stays_when_something_else_reads_the_convolution(saved):
    nodes = [CONV, node("BatchNormalization", "assss", "b"), node("Add", "ab")]
    assert ops(read(saved(model(nodes, [FILTER, floats("s", 8)])))) == ["conv2d", "batch_norm", "add"]


def test_quantise_pairs_say_the_precision_and_are_no_layers(saved):
    zero, scale = numpy_helper.from_array(np.int8(0), "z"), floats("s")
    weights = numpy_helper.from_array(np.ones((8, 8, 3, 3), np.int8), "v")
    nodes = [
        node("QuantizeLinear", "xsz", "a"),
        node("DequantizeLinear", "asz", "b"),
        node("DequantizeLinear", "vsz", "w"),
        node("Conv", "bw", "c"),
        node("QuantizeLinear", "csz", "d"),
        node("DequantizeLinear", "dsz", "e"),
        node("Relu", "e", "f"),
        node("QuantizeLinear", "fsz", "g"),
        node("DequantizeLinear", "gsz", "y"),
    ]
    graph = read(saved(model(nodes, [zero, scale, weights])))
    assert graph.dtype == "int8"
    assert ops(graph) == ["quantize", "conv2d", "relu", "dequantize"]


def test_nodes_that_no_output_needs_are_left_out(saved):
    assert ops(read(saved(model([node("Relu", "x"), node("Tanh", "x", "z")])))) == ["relu"]


def test_an_output_that_is_known_beforehand_is_left_out(saved):
    built = model([node("Relu", "x"), node("Neg", "s", "a")], [floats("s", 4)])
    built.graph.output.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, (4,)))
    graph = read(saved(built))
    assert ops(graph) == ["relu"]
    assert len(graph.outputs) == 1


def test_nodes_in_another_order_are_sorted(saved):
    assert ops(read(saved(model([node("Relu", "a"), node("Tanh", "x", "a")])))) == ["tanh", "relu"]


def test_weights_are_not_loaded_and_external_data_is_not_opened(saved, tmp_path):
    big = model([CONV, node("Relu", "a")], [FILTER])
    whole = big.SerializeToString()
    emptied = without_payloads(BytesIO(whole))
    assert len(emptied) < len(whole) - 8 * 8 * 3 * 3 * 4 + 64
    stripped = onnx.ModelProto.FromString(emptied)
    assert [(t.name, list(t.dims), len(t.raw_data)) for t in stripped.graph.initializer] == [("w", [8, 8, 3, 3], 0)]
    stripped.graph.initializer[0].raw_data = big.graph.initializer[0].raw_data
    assert stripped == big
    weight = big.graph.initializer[0]
    onnx.external_data_helper.set_external_data(weight, location="nowhere/at/all.bin")
    weight.ClearField("raw_data")
    assert ops(read(saved(big))) == ["conv2d", "relu"]
    assert not (tmp_path / "nowhere").exists()


RESNET = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_resnet50.onnx"


@pytest.mark.skipif(not RESNET.exists(), reason="this build of onnx carries no test models")
def test_resnet_50_has_the_published_multiply_accumulates_and_parameters():
    graph = read(RESNET)
    parameters = sum(
        count(n.op, graph.shapes(n.inputs), graph.shapes(n.outputs), n.attributes).weight_elements for n in graph.layers
    )
    assert macs(graph) == pytest.approx(4.1e9, rel=0.01)  # torchvision's table: 4.09 GFLOPs, 25.6 M parameters
    assert parameters == pytest.approx(25.557e6, rel=0.002)
