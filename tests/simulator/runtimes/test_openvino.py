"""OpenVINO's passes against the network that OpenVINO itself executes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import read
from stairline.simulator.walk import plan

from .profiles import BLOCKS, predicted, reported

OPENVINO = "x86-openvino"


def as_openvino_runs(file: Path) -> list[tuple[str, tuple[int, ...]]]:
    """Type and output shape, channels last, of what OpenVINO makes of a TensorFlow Lite model."""
    import openvino

    found = []
    for node in openvino.Core().compile_model(str(file), "CPU").get_runtime_model().get_ordered_ops():
        kind = node.get_rt_info()["layerType"]
        n, *rest = node.output(0).get_shape()
        found.append((str(getattr(kind, "value", kind)), (n, *rest[1:], rest[0]) if len(rest) == 3 else (n, *rest)))
    return found


def bottleneck_stages(first: int) -> Graph:
    """Two residual blocks; the second halves the map in its shortcut and in its 1x1 convolution, or else in its 3x3."""
    b = GraphBuilder("stages")
    x = b.conv2d(b.input((1, 28, 28, 16)), 64, activation="relu")
    y = b.conv2d(b.conv2d(x, 16, activation="relu"), 16, 3, activation="relu")
    x = b.layer("relu", b.layer("add", x, b.conv2d(y, 64)))
    y = b.conv2d(b.conv2d(x, 32, 1, first, activation="relu"), 32, 3, 2 // first, activation="relu")
    return b.build(b.layer("relu", b.layer("add", b.conv2d(x, 128, 1, 2), b.conv2d(y, 128))))


@pytest.mark.parametrize("first", [2, 1])
def test_openvino_leaves_out_the_pixels_that_strided_convolutions_do_not_read(first, tmp_path):
    from stairline.measure.models.build import tflite_bytes

    graph, file = bottleneck_stages(first), tmp_path / "stages.tflite"
    file.write_bytes(tflite_bytes(graph))
    lowered = plan(graph, load(OPENVINO).machine()).graph
    names = {"conv2d": "Convolution", "maxpool2d": "Pooling"}
    ours = Counter((names[s.op], *lowered.shapes(s.outputs)) for s in lowered.layers if s.op in names)
    assert ours == Counter(one for one in as_openvino_runs(file) if one[0] in names.values())
    assert ours["Pooling", (1, 14, 14, 64)] == (first == 2)


def test_openvino_transposes_maps_around_a_slice_of_python(tmp_path):
    import tensorflow as tf

    inputs = tf.keras.Input((29, 29, 16), batch_size=1)
    cut = tf.keras.layers.Conv2D(24, 1)(inputs)[:, 1:, 1:, :]
    model, file = tf.keras.Model(inputs, tf.keras.layers.Conv2D(8, 1)(cut)), tmp_path / "cut.tflite"
    file.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    lowered = plan(read(file), load(OPENVINO).machine()).graph
    transposes = Counter(kind for kind, _ in as_openvino_runs(file))["Transpose"]
    assert Counter(layer.op for layer in lowered.layers)["transpose"] == transposes == 2


@pytest.mark.parametrize("graph", BLOCKS, ids=lambda graph: graph.name)
def test_openvino_fuses_as_often_as_predicted(graph, tmp_path):
    pytest.importorskip("openvino")
    found, expected = reported("openvino", graph, tmp_path), predicted(OPENVINO, graph)
    assert found["Convolution"] + found["GroupConvolution"] == expected["conv2d"] + expected["dwconv2d"]
