"""What a prediction says of itself: the file's precision, what is left out, and what the platform was changed from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stairline.hwmodels import load, with_values, without_operators
from stairline.simulator.graph.attributes import Attributes
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.reports.records import record


def convolution(dtype: str = "float32", source: str = "net.onnx") -> Graph:
    b = GraphBuilder("g", dtype, source)
    return b.build(b.conv2d(b.input((1, 8, 8, 16)), 16, 3))


def beside(op: str, other: tuple[int, ...], out: tuple[int, ...], attributes: Attributes) -> Graph:
    """A 3x3 convolution of 147,456 MACs and an operator that no platform has a model for."""
    b = GraphBuilder("g")
    x = b.conv2d(b.input((1, 8, 8, 16)), 16, 3)
    return b.build(b.layers(op, [x, b.constant(other)], attributes, stated=[out])[0])


@pytest.mark.parametrize(
    ("dtype", "platform", "predicted"),
    [("int8", "CPU", "int8"), ("int16", "CPU", "int8"), ("float32", "TPU", "int8"), ("float32", "VPU", "float16")],
)
def test_a_files_precision_or_the_nearest_that_the_platform_has_is_the_default(dtype, platform, predicted):
    summary = predict(convolution(dtype), load(platform)).summary
    assert (summary.dtype, summary.file_dtype) == (predicted, dtype)
    assert ("other_precision" in summary.flags) == (dtype != predicted)


def test_a_precision_that_is_asked_for_is_flagged_where_the_file_has_another():
    assert predict(convolution("int8"), load("CPU"), "float32").summary.flags == ("other_precision",)


@pytest.mark.parametrize("source", ["", "zoo:mobilenet_v1", "nets.csv", "nets.parquet"])
def test_a_network_that_is_no_model_file_takes_the_platforms_default_without_a_flag(source):
    summary = predict(convolution("float32", source), load("TPU")).summary
    assert (summary.dtype, summary.file_dtype, summary.flags) == ("int8", "", ())


@pytest.mark.parametrize(
    ("op", "other", "out", "attributes", "left_out_macs"),
    [
        ("onnx:Conv", (32, 3, 3, 16), (1, 6, 6, 32), Attributes(), 6 * 6 * 32 * 3 * 3 * 16),
        ("onnx:Einsum", (16, 128), (1, 8, 8, 128), Attributes(sizes=(1, 8, 8, 16, 128)), 8 * 8 * 16 * 128),
    ],
)
def test_what_is_left_out_counts_with_its_own_macs(op, other, out, attributes, left_out_macs):
    summary = predict(beside(op, other, out, attributes), load("CPU"), allow_unknown=True).summary
    own = 8 * 8 * 16 * 9 * 16
    assert summary.coverage.macs == pytest.approx(own / (own + left_out_macs))
    assert summary.status == "lower_bound"


@pytest.mark.parametrize("op", ["onnx:Einsum", "onnx:Loop", "onnx:my.Custom", "tflite:WHILE"])
def test_work_that_no_shape_tells_is_an_unknown_amount(op):
    graph = beside(op, (16, 128), (1, 8, 8, 128), Attributes())
    assert predict(graph, load("CPU"), allow_unknown=True).summary.coverage.macs is None


def test_operators_that_a_platform_omits_lower_the_coverage_and_raise_a_flag():
    b = GraphBuilder("mlp")
    graph = b.build(b.dense(b.dense(b.input((1, 64)), 64), 64))
    for platform in (load("mi9-adreno640-tflite2.1-nnmeter"), without_operators(load("GPU"), ("dense",))):
        summary = predict(graph, platform).summary
        assert "operators_omitted" in summary.flags
        assert summary.coverage.macs == 0.0


def test_a_changed_platform_names_the_one_that_it_was_changed_from():
    base, graph = load("CPU"), convolution()
    changed = with_values(base, {"overheads.kernel_s": 1.0})
    told = record(predict(graph, changed), graph, changed)
    assert told["derived_from"] == {"platform": base.name, "platform_digest": base.digest}
    assert record(predict(graph, base), graph, base)["derived_from"] is None


def test_a_network_that_cannot_run_has_no_interval_and_the_fixed_cost_has_a_key():
    base, graph = load("CPU"), convolution()
    found = predict(graph, base)
    impossible = replace(found, summary=found.summary._replace(status="cannot_run"))
    told = record(impossible, graph, base)
    assert (told["lower_ms"], told["upper_ms"]) == (None, None)
    assert told["fixed_ms"] == pytest.approx(told["latency_ms"] - sum(k["latency_ms"] for k in told["kernels"]))
