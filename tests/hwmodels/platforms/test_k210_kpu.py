"""The K210: lines, filters and memory by hand from nncase's sources, times from published measurements."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import pytest

from stairline.hwmodels import load, with_values
from stairline.hwmodels.kernels.arrays.kpu_conv import kpu_lines
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.runtimes.nncase import map_bytes
from stairline.simulator.zoo import build_block

KPU = load("k210-kpu-nncase0.2")
RV64 = load("k210-rv64-nncase0.2")
CONV = "kernels.conv2d|dwconv2d|dense"
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "hard_sigmoid", "hard_swish", "sigmoid", "swish", "tanh")


def map_conv(h: int, w: int, c_in: int, c_out: int, kernel: int, stride: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, h, w, c_in)), c_out, kernel, stride, padding=(kernel // 2,) * 4))


def map_dwconv(h: int, w: int, channels: int) -> Graph:
    b = GraphBuilder("dwconv")
    return b.build(b.dwconv2d(b.input((1, h, w, channels))))


def on_kpu(graph: Graph, platform=KPU) -> KernelPrediction:
    return next(k for k in predict(graph, platform).kernels if k.processor == "kpu")


@pytest.mark.parametrize(
    ("h", "w", "c", "lines"),
    [
        (7, 7, 512, 7 * 128),  # four channels to a line
        (14, 14, 30, 14 * 8),
        (28, 28, 96, 28 * 48),  # two
        (56, 56, 32, 56 * 32),  # one
        (112, 112, 3, 112 * 3 * 2),  # 112 pixels take two lines
        (240, 320, 3, 240 * 3 * 5),
    ],
)
def test_rows_share_lines_of_64_bytes(h, w, c, lines):
    assert kpu_lines(h, w, c) == lines
    assert map_bytes((1, h, w, c)) == 64 * lines


SIPEED = [
    # width, height, thousands of MACs, latency in ms; bbs.sipeed.com/t/topic/691
    (4, 4, None, 0.339),
    (16, 4, 9437, 0.339),
    (16, 16, 37748, 0.417),
    (32, 16, 75497, 0.692),
    (32, 32, 150994, 1.138),
    (64, 32, 301989, 2.125),
    (64, 64, 603979, 3.891),
    (128, 64, 1207959, 7.709),
    (128, 128, 2415919, 14.778),
    (256, 256, 9663676, 57.756),
]


@pytest.mark.parametrize(("w", "h", "kilo_macs", "latency_ms"), SIPEED)
def test_times_follow_sipeeds_table_at_300_mhz_and_16_bit_weights(w, h, kilo_macs, latency_ms):
    board = with_values(KPU, {"platform.clock_hz": 3e8, f"{CONV}.weight_bytes": 2})
    kernel = on_kpu(map_conv(h, w, 128, 128, 3), board)
    assert kernel.latency_s * 1e3 == pytest.approx(latency_ms, rel=0.2)
    if kilo_macs is not None:  # full lines: no slot is idle
        assert int(kernel.cost.padded_macs / 1000) == kilo_macs


def test_up_to_64_pixels_the_filters_set_the_time():
    board = with_values(KPU, {"platform.clock_hz": 3e8, f"{CONV}.weight_bytes": 2})
    small, wide = (on_kpu(map_conv(4, w, 128, 128, 3), board) for w in (4, 16))
    assert small.latency_s == wide.latency_s
    assert small.bound == "weights"


FACE_DETECTOR = [
    # h, w, channels in, out, measured ms; pointwise layers of kendryte/nncase issue 77 at 400 MHz
    (120, 160, 16, 32, 0.514),
    (60, 80, 32, 64, 0.680),
    (60, 80, 64, 64, 1.328),
    (30, 40, 64, 128, 0.704),
    (30, 40, 128, 128, 1.385),
    (15, 20, 128, 256, 0.781),
    (15, 20, 256, 256, 1.522),
]


@pytest.mark.parametrize(("h", "w", "c_in", "c_out", "latency_ms"), FACE_DETECTOR)
def test_pointwise_layers_of_a_face_detector_take_their_measured_time(h, w, c_in, c_out, latency_ms):
    assert on_kpu(map_conv(h, w, c_in, c_out, 1)).latency_s * 1e3 == pytest.approx(latency_ms, rel=0.06)


@pytest.mark.parametrize(
    ("h", "w", "channels", "ms"), [(120, 160, 16, 0.039), (60, 80, 64, 0.053), (30, 40, 128, 0.034)]
)
def test_depthwise_layers_are_bound_by_writing_lines(h, w, channels, ms):
    kernel = on_kpu(map_dwconv(h, w, channels))
    assert kernel.bound == "memory"
    assert kernel.latency_s * 1e3 == pytest.approx(ms, rel=0.2)


def test_a_1x1_filter_leaves_eight_of_nine_multipliers_idle():
    one, three = (on_kpu(map_conv(64, 64, 64, 64, k)).cost for k in (1, 3))
    assert one.padded_macs == three.padded_macs == 64 * 64 * 64 * 64 * 9
    assert one.compute_s == three.compute_s


def test_stride_2_is_computed_at_full_resolution():
    every, second = (on_kpu(map_conv(56, 56, 32, 32, 3, stride)).cost for stride in (1, 2))
    assert every.padded_macs == second.padded_macs == 56 * 32 * 32 * 576
    assert second.memory_s < every.memory_s / 1.5  # 28 lines of two channels instead of 56 of one


@pytest.mark.parametrize("block", ["conv", "dwconv"])
def test_latency_is_linear_in_channels_without_steps(block):
    sizes = range(40, 400, 40)
    graphs = [
        build_block("conv", 28, 320, 3, c_out=c) if block == "conv" else build_block("dwconv", 7, c) for c in sizes
    ]
    times = [on_kpu(graph).latency_s for graph in graphs]
    rises = [later - earlier for earlier, later in pairwise(times)]
    assert rises == pytest.approx([rises[0]] * len(rises), rel=1e-6)


def test_every_activation_is_one_stage_of_the_pipeline():
    times = {a: predict(build_block("dwconv_activation", 28, 96, activation=a), KPU) for a in ACTIVATIONS}
    assert {len([k for k in p.kernels if k.layers]) for p in times.values()} == {1}
    assert len({p.operators_s for p in times.values()}) == 1


def test_a_matrix_product_runs_as_a_1x1_convolution_on_a_map_of_4_by_4():
    b = GraphBuilder("dense")
    graph = b.build(b.dense(b.input((1, 256)), 100))
    # four rows of 256 / 4 lines for each of 100 outputs
    assert on_kpu(graph).cost.padded_macs == 4 * 64 * 100 * 576


def test_measured_operators_of_the_risc_v_core():
    """kendryte/nncase issues 95 to 97: 120 x 160 x 16 values; adding 58.7 ms, dequantising 9.36 ms."""
    shape = (1, 120, 160, 16)
    b = GraphBuilder("add")
    add = predict(b.build(b.layer("add", b.input(shape, "a"), b.input(shape, "b"))), RV64)
    assert prod(shape) == 307_200
    assert add.operators_s == pytest.approx(58.7e-3, rel=0.01)


def test_a_crossing_lies_between_the_measured_download_and_upload():
    b = GraphBuilder("add")
    x = b.input((1, 120, 160, 16))
    prediction = predict(b.build(b.layer("add", b.conv2d(x, 16, 3), x)), KPU)
    (crossing,) = (k for k in prediction.kernels if k.ops == ("crossing",))
    assert 20.37e-3 < crossing.latency_s < 26.3e-3


def test_an_operand_that_is_broadcast_costs_its_indices():
    def multiplied(other: tuple[int, ...]) -> float:
        b = GraphBuilder("mul")
        x, y = b.input((1, 28, 28, 64), "x"), b.input(other, "y")
        return predict(b.build(b.layer("mul", x, y)), RV64).operators_s

    assert multiplied((1, 1, 1, 64)) > 1.5 * multiplied((1, 28, 28, 64))


def test_a_result_of_the_kpu_is_converted_as_the_published_download_of_307200_values_was():
    prediction = predict(map_conv(120, 160, 16, 16, 3), KPU)
    uploaded, downloaded = (k for k in prediction.kernels if k.ops == ("host_io",))
    assert downloaded.latency_s == pytest.approx(26.3e-3, rel=0.15)
    assert uploaded.cost.epilogue_s == 0.0


def test_images_of_a_batch_run_one_after_the_other():
    def convolution(n: int) -> Graph:
        b = GraphBuilder("batch")
        return b.build(b.conv2d(b.input((n, 28, 28, 24)), 32, 3))

    one, three = (on_kpu(convolution(n)) for n in (1, 3))
    assert three.latency_s == pytest.approx(3 * one.latency_s)
