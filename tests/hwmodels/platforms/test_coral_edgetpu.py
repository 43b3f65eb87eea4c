"""The Edge TPU: padding, parameter cache and single split by hand, from the compiler's reports and Coral's figures."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load, with_values
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Kernel
from stairline.simulator.pricing.cost import kernel_cost
from stairline.simulator.pricing.predict import predict
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build, build_block, build_stack
from tests.edgetpu_stacks import dense_stack, relu_stack

TPU = load("coral-edgetpu-tflite")
HOST = "host-cpu"
MIB = 2**20


def kernel(graph: Graph, op: str) -> Kernel:
    planned = plan(graph, TPU.machine())
    return next(k for k in planned.kernels if planned.graph.layers[k.layers[0]].op == op)


def operators_s(graph: Graph) -> float:
    return predict(graph, TPU).operators_s


def processors(graph: Graph) -> dict[str, str]:
    return {k.name: k.processor for k in predict(graph, TPU).kernels if k.layers}


def conv(hw: int, c_in: int, c_out: int, kernel: int) -> Graph:
    return build_block("conv", hw, c_in, kernel, c_out=c_out)


def test_filters_are_padded_to_64_and_input_channels_to_4():
    # 28 * 28 pixels * 9 taps * 320 channels * 128 filters for 100; 3 channels are 4.
    assert predict(conv(28, 320, 100, 3), TPU).kernels[0].cost.padded_macs == 784 * 9 * 320 * 128 == 289_013_760
    assert predict(conv(28, 3, 32, 3), TPU).kernels[0].cost.padded_macs == 784 * 9 * 4 * 64 == 1_806_336


def test_a_full_array_finishes_4096_products_per_cycle():
    ideal = with_values(TPU, {"kernels.conv2d|conv2d_transpose|dense.efficiency": 1.0})
    # 289 013 760 / 4096 = 70 560 cycles of 2 ns.
    assert predict(conv(28, 320, 100, 3), ideal).kernels[0].cost.compute_s == pytest.approx(141.12e-6)


@pytest.mark.parametrize("filters", [64, 128, 192, 256])
def test_convolution_steps_behind_every_64_filters(filters):
    below, at, behind = (operators_s(conv(28, 320, c, 3)) for c in (filters - 1, filters, filters + 1))
    assert at / below < 1.001
    # One more block of 64 columns: 144.5 million products, 70.6 us at full rate; about half of it is sustained.
    assert 70.6e-6 < behind - at < 2.2 * 70.6e-6


def test_depthwise_steps_behind_every_64_channels_and_grows_with_its_taps():
    at = {c: operators_s(build_block("dwconv", 7, c)) for c in (64, 65, 128, 129)}
    assert at[128] / at[65] < 1.2 < at[65] / at[64]
    assert at[128] / at[65] < 1.2 < at[129] / at[128]
    one_tap = with_values(TPU, {"kernels.dwconv2d|maxpool2d.ops_per_cycle": 1.0})
    # 56 * 56 pixels * 9 taps * one line of 64 channels: 28 224 cycles; 25 taps: 78 400.
    for size, cycles in ((3, 28_224), (5, 78_400)):
        cost = predict(build_block("dwconv", 56, 32, size), one_tap).kernels[0].cost
        assert cost.compute_s == pytest.approx(cycles * 2e-9)


def test_streamed_parameters_cost_their_bytes_over_usb():
    added = predict(dense_stack(1102, 1, 6912), TPU).kernels[0].cost.weights_s
    # 6912 * 1152 bytes; USB 3 moves 500 MB/s at most behind its line code.
    assert 7_962_624 / 5e8 <= added <= 7_962_624 / 3e8


@pytest.mark.parametrize(("filters", "times"), [(442, 0), (460, 4), (622, 4), (642, 6), (712, 6), (722, 8), (742, 8)])
def test_a_streamed_layer_of_large_maps_gets_its_parameters_once_per_tile(filters, times):
    """Read off the sweep: behind the products, its times are these multiples of the streamed bytes."""
    streams = [k for k in plan(relu_stack(filters), TPU.machine()).kernels if k.work.streamed_elements]
    for k in streams:
        once_s = k.work.streamed_elements / k.rule.roof.stream_bytes_per_s
        assert kernel_cost(k.rule, k.work).weights_s == pytest.approx(times * once_s)
    assert bool(streams) == bool(times)


@pytest.mark.parametrize(
    ("graph", "published_ms", "tolerance"),
    [
        (relu_stack(242), 17.0, 0.05),
        (relu_stack(402), 37.7, 0.05),
        (relu_stack(460), 62.6, 0.05),
        (relu_stack(622), 124.8, 0.05),
        (relu_stack(652), 235.6, 0.05),
        (relu_stack(722), 385.8, 0.08),
        (dense_stack(1700), 8.08, 0.02),
        (dense_stack(2500), 33.55, 0.02),
        (dense_stack(1102, 1, 6912), 21.06, 0.02),
    ],
)
def test_stacks_take_what_their_authors_measured(graph, published_ms, tolerance):
    predicted = predict(graph, load("coral-edgetpu-tflite-stacks"))
    assert predicted.latency_s * 1e3 == pytest.approx(published_ms, rel=tolerance)


@pytest.mark.parametrize(
    ("name", "size", "published_ms", "tolerance"),
    [
        ("mobilenet_v1", 224, 2.4, 0.05),
        ("mobilenet_v2", 224, 2.6, 0.05),
        ("inception_v1", 224, 3.56, 0.15),
        ("resnet_v1_50", 299, 49, 0.05),
    ],
)
def test_whole_networks_take_what_coral_and_the_paper_publish(name, size, published_ms, tolerance):
    prediction = predict(build(name, size), TPU)
    assert prediction.status == "ok"
    assert prediction.latency_s * 1e3 == pytest.approx(published_ms, rel=tolerance)


def test_the_first_refused_operator_takes_everything_behind_it_to_the_host():
    b = GraphBuilder("split")
    x = b.conv2d(b.input((1, 28, 28, 32)), 32, name="before")
    x = b.layer("hard_swish", x, name="refused")
    graph = b.build(b.conv2d(x, 32, name="behind"))
    assert processors(graph) == {"before": "edgetpu", "refused": HOST, "behind": HOST}
    prediction = predict(graph, TPU)
    assert prediction.status == "falls_back"
    assert "hard_swish" in prediction.reasons[0]
    crossings = [k for k in prediction.kernels if k.ops == ("crossing",)]
    assert [k.bytes_moved for k in crossings] == [28 * 28 * 32]


@pytest.mark.parametrize(
    ("h", "w", "c", "taken"),
    [
        (256, 128, 3, False),  # refused in google-coral/edgetpu issue 461: 32 768 pixels in lines of 64
        (64, 128, 3, True),  # accepted there: 8192 * 64 = 524 288
        (56, 56, 192, False),  # 3136 * 192 = 602 112
        (10, 10, 2048, True),  # 100 * 2048 = 204 800
    ],
)
def test_a_mean_over_a_large_map_is_refused(h, w, c, taken):
    b = GraphBuilder("mean")
    graph = b.build(b.layer("globalavgpool2d", b.input((1, h, w, c))))
    assert (predict(graph, TPU).status == "ok") == taken


def test_channel_shuffle_and_grouped_convolution():
    assert predict(build_block("grouped_conv", 28, 64), TPU).status == "ok"  # split, convolutions, concat
    shuffled = predict(build_block("shufflenet_v2_block"), TPU)
    assert shuffled.status == "falls_back"
    assert "4 dimensions" in shuffled.reasons[0]


def test_only_relu_and_relu6_join_the_convolution():
    for activation, kernels in (("relu", 1), ("relu6", 1), ("sigmoid", 2), ("swish", 3)):
        graph = build_block("dwconv_activation", 28, 96, activation=activation)
        assert len(plan(graph, TPU.machine()).kernels) == kernels, activation


def test_a_squeeze_and_excite_block_costs_the_host_52_times_as_much_in_stacks_of_40_and_10():
    """Paper, section 4.2 and appendix A: 51 times longer, measured as (T40 - T10) / 30."""

    def block_s(name: str) -> float:
        deep, shallow = (predict(build_stack(name, depth), TPU).latency_s for depth in (40, 10))
        return (deep - shallow) / 30

    ratio = block_s("mobilenet_v2_se_block") / block_s("mobilenet_v2_block")
    assert ratio == pytest.approx(52, rel=0.05)


def test_time_on_the_assumed_host_widens_the_interval():
    alone, fallen = (predict(build_block(n), TPU).summary for n in ("mobilenet_v2_block", "mobilenet_v2_se_block"))
    assert alone.upper_s / alone.latency_s < fallen.upper_s / fallen.latency_s <= 3.0
    assert fallen.latency_s / fallen.lower_s == pytest.approx(fallen.upper_s / fallen.latency_s)


def test_two_watts_turn_latency_into_energy():
    prediction = predict(build("mobilenet_v1"), TPU)
    assert prediction.energy_j == pytest.approx(2.0 * prediction.latency_s)
