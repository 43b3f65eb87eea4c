"""Fully connected layers of many rows are products, and those of one row read their weights."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict

A76 = ("mi9-cortexa76-tflite2.1", "pixel4-cortexa76-tflite2.1", "pixel4-cortexa76-tflite2.1-nnmeter")
ADRENO = ("mi9-adreno640-tflite2.1", "pixel3xl-adreno630-tflite2.1", "pixel4-adreno640-tflite2.10")


def dense(rows: int, c_in: int = 96, c_out: int = 64) -> Graph:
    b = GraphBuilder("dense")
    return b.build(b.dense(b.input((1, rows, c_in)), c_out))


@pytest.mark.parametrize("name", A76)
def test_a_product_of_many_rows_takes_what_a_convolution_of_as_many_single_pixels_does(name):
    b = GraphBuilder("conv")
    pixels = b.build(b.conv2d(b.input((1, 14, 14, 96)), 64, 1))
    platform = load(name)
    assert predict(dense(196), platform).operators_s == pytest.approx(predict(pixels, platform).operators_s)


@pytest.mark.parametrize("name", A76)
def test_one_row_is_limited_by_its_weights(name):
    (kernel,) = predict(dense(1, 1024, 1024), load(name)).kernels
    assert kernel.cost.weights_s > 10 * kernel.cost.memory_s


@pytest.mark.parametrize("name", ADRENO)
def test_each_row_on_the_adreno_is_multiplied(name):
    some, many = (next(k for k in predict(dense(n), load(name)).kernels if k.ops == ("dense",)) for n in (192, 768))
    assert many.cost.compute_s == pytest.approx(4 * some.cost.compute_s)
