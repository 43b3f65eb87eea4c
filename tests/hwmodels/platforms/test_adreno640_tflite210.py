"""The Adreno 640 under TensorFlow Lite 2.10: blocks, rounds and groups worked by hand, and published kernels."""

from __future__ import annotations

import pytest

from stairline import hwmodels
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict

GPU = hwmodels.load("pixel4-adreno640-tflite2.10")


def conv(hw: int, c_in: int, c_out: int, kernel: int = 1, groups: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, groups=groups))


def padded_macs(graph: Graph) -> float:
    (kernel,) = [k for k in predict(graph, GPU).kernels if k.ops != ("host_io",)]
    return kernel.cost.padded_macs


@pytest.mark.parametrize(
    ("hw", "c_out", "items", "outputs"),
    [
        # 7 x 7 x 16 outputs of four channels are 784: 3.1 waves of 256, below 6. 7 x 1 x 8 = 56 to a wave.
        (7, 64, 14 * 64, 1),
        # 7 x 7 x 48: 9.2 waves. Two columns each: 4 x 7 x 48 items, 4 x 1 x 16 fill a wave.
        (7, 192, 21 * 64, 2),
        # 14 x 14 x 16: 12.25 waves. Two columns and two slices: 7 x 14 x 8 items, 7 x 1 x 8 = 56 to a wave.
        (14, 64, 14 * 64, 4),
        # 28 x 28 x 16: 49 waves. Two columns, two rows, two slices: 14 x 14 x 8 items, 14 x 1 x 8 = 112 to two waves.
        (28, 64, 14 * 128, 8),
    ],
)
def test_a_work_item_computes_less_where_a_layer_has_few_outputs(hw, c_out, items, outputs):
    # Every item multiplies 128 inputs with 4 channels of each of its outputs.
    assert padded_macs(conv(hw, 128, c_out)) == items * outputs * 128 * 4


def test_a_grouped_convolution_reduces_over_its_group_only():
    assert padded_macs(conv(28, 128, 128, 3, groups=8)) * 8 == padded_macs(conv(28, 128, 128, 3))


def test_waves_beyond_those_that_registers_hold_take_another_round():
    """Three by three kernels hold 24 waves: 14 x 14 x 12 slices' blocks fit one round, 14 x 14 x 32 do not."""
    one, two = (predict(conv(14, 128, c, 3), GPU).operators_s for c in (192, 256))
    assert 1.4 < two / one < 2.0  # 1.33 times the work


@pytest.mark.parametrize(
    ("graph", "published_us"),
    [
        (conv(56, 64, 64, 3), 822),
        (conv(28, 128, 128, 3), 933),
        (conv(14, 192, 192, 3), 667),
        (conv(14, 320, 64), 79.3),
        (conv(7, 672, 64), 117),
        (conv(56, 128, 128), 295),
    ],
)
def test_kernels_take_what_their_authors_measured(graph, published_us):
    assert predict(graph, GPU).operators_s * 1e6 == pytest.approx(published_us, rel=0.15)


def test_a_join_waits_per_slice_while_few_pixels_move():
    """Published: 320 channels over 14 x 14 take 30 us, 80 slices one after the other."""

    def join_s(hw: int) -> float:
        b = GraphBuilder("join")
        return predict(b.build(b.layer("concat", *(b.input((1, hw, hw, 160)) for _ in range(2)))), GPU).operators_s

    assert join_s(14) == pytest.approx(30e-6, rel=0.15)
    assert join_s(7) == pytest.approx(join_s(14), rel=0.05)
