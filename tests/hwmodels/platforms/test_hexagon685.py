"""The Hexagon 685: padded work of Depth32 and the operators that leave it, worked out by hand from nnlib's rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.zoo import build_block

DSP = load("DSP")


def conv(hw: int, c_in: int, c_out: int, kernel: int, stride: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, stride))


def dwconv(hw: int, channels: int, kernel: int = 3, stride: int = 1) -> Graph:
    b = GraphBuilder("dwconv")
    return b.build(b.dwconv2d(b.input((1, hw, hw, channels)), kernel, stride))


def pair(op: str, *shapes: tuple[int, ...]) -> Graph:
    b = GraphBuilder(op)
    return b.build(b.layer(op, *(b.input(shape) for shape in shapes)))


def kernels(graph: Graph) -> tuple[KernelPrediction, ...]:
    return predict(graph, DSP).kernels


PADDED_MACS = [
    # 65 filters are three blocks of 32: one alone, which costs as much as a pair, and a pair. 28 columns are 7 blocks.
    (conv(28, 320, 65, 3), 28 * 28 * 128 * 9 * 320),
    (conv(28, 320, 64, 3), 28 * 28 * 64 * 9 * 320),
    # 7 columns are padded to 8, 33 channels to 64.
    (conv(7, 33, 64, 1), 7 * 8 * 64 * 64),
    # Three channels are packed by four in the first convolution.
    (conv(224, 3, 32, 3, 2), 112 * 112 * 64 * 9 * 4),
    # Depthwise: filter rows of 3, 5 and 7 become 4, 8 and 8; 96 channels are three blocks.
    (dwconv(28, 96, 3), 28 * 28 * 96 * 3 * 4),
    (dwconv(28, 96, 5), 28 * 28 * 96 * 5 * 8),
    (dwconv(28, 96, 7), 28 * 28 * 96 * 7 * 8),
    (dwconv(7, 33, 3), 7 * 8 * 64 * 3 * 4),
]


@pytest.mark.parametrize(("graph", "padded_macs"), PADDED_MACS)
def test_work_is_padded_to_blocks(graph, padded_macs):
    (kernel,) = kernels(graph)
    assert kernel.cost.padded_macs == padded_macs


def test_the_peak_is_the_published_rate():
    assert DSP.machine().rules["conv2d"].roof.macs_per_s == 2 * 32 * 4 * 1e9


@pytest.mark.parametrize(("layer", "width"), [(lambda c: conv(28, 320, c, 3), 64), (lambda c: dwconv(7, c), 32)])
def test_time_is_level_within_a_step_and_rises_behind_it(layer, width):
    times = [predict(layer(c), DSP).operators_s for c in range(1, 4 * width + 1)]
    rises = [c for c in range(1, 4 * width) if times[c] != times[c - 1]]
    assert rises == [width, 2 * width, 3 * width]


@given(st.integers(1, 600), st.integers(1, 600), st.sampled_from([1, 3, 5]), st.integers(4, 60))
@settings(max_examples=60, deadline=None)
def test_padding_never_shrinks_the_work(c_in, c_out, kernel, hw):
    (found,) = kernels(conv(hw, c_in, c_out, kernel))
    assert found.cost.padded_macs >= found.macs


def test_a_gate_multiplies_by_scalar_code_and_equal_tensors_do_not():
    """56 x 56 x 192 products at 6 ns; two full tensors take a tenth of a nanosecond an operand."""
    (gated,) = kernels(pair("mul", (1, 56, 56, 192), (1, 1, 1, 192)))
    (equal,) = kernels(pair("mul", (1, 56, 56, 192), (1, 56, 56, 192)))
    assert gated.cost.compute_s == pytest.approx(56 * 56 * 192 * 6e-9)
    assert equal.cost.compute_s == pytest.approx(56 * 56 * 192 * 2 * 1e-10)


def test_a_single_number_scales_the_range_on_the_vector_units():
    b = GraphBuilder("scaled")
    graph = b.build(b.layer("mul", b.input((1, 56, 56, 192)), b.constant((1,), "sixth")))
    assert kernels(graph)[0].latency_s < kernels(pair("mul", (1, 56, 56, 192), (1, 1, 1, 192)))[0].latency_s / 10


def test_supernodes_take_relu_and_leave_swish():
    assert [k.ops for k in kernels(build_block("dwconv_activation", activation="relu6"))] == [("dwconv2d", "relu6")]
    swish = [k.ops for k in kernels(build_block("dwconv_activation", activation="swish"))]
    assert swish == [("dwconv2d",), ("sigmoid",), ("mul",)]


def test_a_grouped_convolution_is_one_convolution_per_group():
    ops = [k.ops[0] for k in kernels(build_block("grouped_conv", groups=8))]
    assert ops == ["split", *["conv2d"] * 8, "concat"]


def test_a_wide_depthwise_stride_stops_the_network():
    prediction = predict(dwconv(28, 32, 3, 3), DSP)
    assert prediction.status == "cannot_run"
    assert "at most 2" in prediction.reasons[0]
