"""The Neural Compute Stick 2: lane modes, cuts and stages, worked out by hand from the plugin's rules.

Steps per pixel in a mode of L input lanes: ceil(C_out / outputs) x (ceil(C_in / L) x K^2 + start), where outputs are
256 / L or C_out padded to 8, whichever is less, and the starts for 1, 2, 4, 8, 16 lanes are 0, 5, 11, 19, 31. A lane
holds 256 coefficients, the line buffer 128 KiB, and an operation writes at most 4.5 slices of 128 KiB.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import load
from stairline.hwmodels.kernels.myriad.lane_conv import pooled_part
from stairline.hwmodels.kernels.myriad.lane_dwconv import depthwise_tile
from stairline.hwmodels.kernels.myriad.tiling import best_tiling
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build

VPU = load("VPU")
MACHINE = VPU.machine()
ENGINE = MACHINE.rules["conv2d"].parameters


def conv(hw: int, c_in: int, c_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, stride, dilation=dilation))


def dwconv(hw: int, channels: int, kernel: int = 3, stride: int = 1) -> Graph:
    b = GraphBuilder("dwconv")
    return b.build(b.dwconv2d(b.input((1, hw, hw, channels)), kernel, stride))


def work(graph: Graph):
    (kernel,) = plan(graph, MACHINE).kernels
    return kernel.work


def kernels(graph: Graph) -> list[KernelPrediction]:
    return [k for k in predict(graph, VPU).kernels if k.ops != ("host_io",)]


def steps(graph: Graph) -> float:
    (kernel,) = kernels(graph)
    return kernel.cost.padded_macs / 256


STEPS = [
    # 320 channels in 8 lanes are 40 x 9 = 360 coefficients: only 16 lanes hold them, 20 x 9 + 31 steps for 16 outputs.
    (conv(28, 320, 16, 3), 28 * 28 * (180 + 31)),
    (conv(28, 320, 64, 3), 28 * 28 * 4 * (180 + 31)),
    # 3 channels: 1 lane takes 3 x 9 = 27 steps, 2 lanes 2 x 9 + 5 = 23, 4 lanes 9 + 11 = 20, 8 lanes 9 + 19 = 28.
    (conv(32, 3, 32, 3), 32 * 32 * 20),
    # 1x1 from 512 to 512: 2 lanes 4 x (256 + 5) = 1044; 4 lanes 8 x (128 + 11) = 1112; 1 lane would hold 512.
    (conv(14, 512, 512, 1), 14 * 14 * 1044),
    # Depthwise tiles are smaller than the whole: 32 channels are two tiles of 16, in 8 lanes 2 x 9 + 19 steps each.
    (dwconv(56, 32), 56 * 56 * 2 * 37),
    # 64 channels are two tiles of 32 in 8 lanes: 4 x 9 + 19 steps each.
    (dwconv(28, 64), 28 * 28 * 2 * 55),
    # At K = 5 tiles of 16 are the cheapest: 25 + 31 steps for 16 channels against 4 x 25 + 19 for 32.
    (dwconv(28, 64, 5), 28 * 28 * 4 * 56),
]


@pytest.mark.parametrize(("graph", "expected"), STEPS)
def test_steps_follow_the_cheapest_legal_mode(graph, expected):
    assert steps(graph) == expected


def test_a_large_output_is_cut_into_rows_whose_borders_are_computed_twice():
    """28 x 28 x 256 to 512: a row is 64 bytes, 28 x 64 x 512 = 917,504 bytes do not fit 589,824, two halves do.

    Each half of 14 rows pads itself, so one row at every inner border is waste: 13 + 12 + 3 rows are kept in 3 tiles,
    and 28 + 2 x 2 rows are computed at 32 x (16 x 9 + 31) steps.
    """
    found = best_tiling(work(conv(28, 256, 512, 3)), 256, 512, ENGINE)
    assert (found.planes, found.slices, found.tiles) == (3, 1, 3)
    assert found.steps == 32 * 28 * 32 * (16 * 9 + 31)


def test_channels_are_sliced_where_a_lane_cannot_hold_the_coefficients():
    """16 lanes hold 28 x 9 = 252 coefficients each (448 channels), not 29 x 9 = 261."""
    assert best_tiling(work(conv(14, 448, 64, 3)), 448, 64, ENGINE).slices == 1
    assert best_tiling(work(conv(14, 464, 64, 3)), 464, 64, ENGINE).slices == 2


def test_channels_are_sliced_where_the_lines_do_not_fit():
    """At 112 pixels a line is 224 bytes; 6 lines of 97 channels are 128 KiB, so 96 channels fit and 112 do not."""
    assert best_tiling(work(conv(112, 96, 16, 3)), 96, 16, ENGINE).slices == 1
    assert best_tiling(work(conv(112, 112, 16, 3)), 112, 16, ENGINE).slices == 2


def test_partial_sums_are_added_and_activated_by_the_vector_cores():
    b = GraphBuilder("sliced")
    x = b.input((1, 14, 14, 512))
    activated = b.build(b.conv2d(x, 512, 3, activation="relu"))
    sum_s = ENGINE.sum_s_per_element * 14 * 14 * 512
    assert kernels(conv(14, 512, 512, 3))[0].cost.epilogue_s == pytest.approx(1 * sum_s)
    assert kernels(activated)[0].cost.epilogue_s == pytest.approx(2 * sum_s)


def pooled(hw: int, c_in: int, c_out: int, kernel: int) -> Graph:
    b = GraphBuilder("pooled")
    y = b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, activation="relu")
    return b.build(b.pool("maxpool2d", y, 2, 2))


def test_a_3x3_convolution_pools_within_its_operation():
    assert [k.ops for k in kernels(pooled(56, 64, 128, 3))] == [("conv2d", "relu", "maxpool2d")]
    assert kernels(pooled(56, 64, 128, 3))[0].cost.epilogue_s == 0


def test_other_convolutions_are_split_by_outputs_together_with_their_pooling():
    """28 x 64 bytes x 768 channels do not fit; 128 channels do (229,376 bytes). 500 is no multiple of 32."""
    assert pooled_part(work(pooled(28, 64, 768, 5)), 768, ENGINE) == 128
    assert pooled_part(work(pooled(28, 64, 500, 5)), 500, ENGINE) == 500
    assert pooled_part(work(pooled(14, 64, 768, 5)), 768, ENGINE) == 768
    assert kernels(pooled(28, 64, 768, 5))[0].cost.epilogue_s > 0


def test_every_tile_of_an_unevenly_padded_depthwise_convolution_is_padded_beforehand():
    """64 channels, 3x3, stride 2 over an even map: two tiles of 32 channels, padded by 0 before and 1 behind."""
    even, odd = kernels(dwconv(28, 64, 3, 2))[0].cost, kernels(dwconv(27, 64, 3, 2))[0].cost
    assert even.overhead_s - odd.overhead_s == pytest.approx(2 * ENGINE.pad_s)


@given(st.integers(1, 300), st.sampled_from([1, 3, 5, 7]), st.sampled_from([7, 14, 28, 56]))
@settings(max_examples=60, deadline=None)
def test_no_convolution_takes_fewer_steps_than_its_macs_need(channels, kernel, hw):
    graph = conv(hw, channels, channels, kernel)
    (found,) = kernels(graph)
    assert found.cost.padded_macs >= found.macs


@given(st.integers(2, 1024), st.sampled_from([3, 5, 7]))
@settings(max_examples=60, deadline=None)
def test_no_equal_division_into_tiles_is_cheaper_than_the_depthwise_tile_chosen(channels, kernel):
    shape = work(dwconv(14, channels, kernel))

    def total(tile: float) -> float:
        return -(-channels // tile) * best_tiling(shape, tile, tile, ENGINE).steps

    chosen = depthwise_tile(shape, channels, MACHINE.rules["dwconv2d"].parameters)
    assert chosen < channels
    assert total(chosen) <= min(total(tile) for tile in range(1, min(channels, 65)))


def test_convolution_climbs_in_steps_of_16():
    times = [predict(conv(28, 320, c, 3), VPU).operators_s for c in range(1, 65)]
    rises = [c for c in range(1, 64) if times[c] > times[c - 1] * 1.05]
    assert rises == [16, 32, 48]


def test_what_the_engine_does_not_take_runs_on_the_vector_cores():
    dilated, plain = kernels(conv(28, 64, 64, 3, dilation=2))[0], kernels(conv(28, 64, 64, 3))[0]
    assert dilated.macs == plain.macs
    assert dilated.latency_s > 3 * plain.latency_s


def test_a_hard_swish_is_one_stage_that_reads_and_writes_the_map():
    """As nn-Meter's fusion test found: behind a convolution it adds less than two ReLUs take by themselves."""
    b = GraphBuilder("hard_swish")
    (stage,) = kernels(b.build(b.layer("hard_swish", b.input((1, 28, 28, 96)))))
    assert (stage.ops, stage.processor) == (("hard_swish",), "shave")
    assert stage.cost.memory_s == pytest.approx(2 * 28 * 28 * 96 * 2 / 2.05e9)


@pytest.mark.parametrize("side", [7, 14, 28])
def test_a_gate_is_repeated_line_by_line_so_that_narrow_maps_pay_more_for_a_pixel(side):
    """One vector core copies a line for each of 96 channels and each row, in 2.6e-7 s beside its bytes."""
    b = GraphBuilder("gate")
    x = b.input((1, side, side, 96))
    graph = b.build(b.layer("mul", x, b.layer("globalavgpool2d", x, keepdims=True)))
    (tile,) = (k for k in kernels(graph) if k.ops == ("tile",))
    assert tile.cost.compute_s == pytest.approx(96 * side * 2.6e-7)
    assert tile.cost.memory_s == pytest.approx(2 * 96 * side * side * 2 / 2.05e9)


def test_a_squeeze_and_excite_block_takes_what_nn_meters_fusion_test_measured():
    """0.236 ms by itself at 28 x 28 x 16 with four channels between its convolutions; see fusion_pairs.csv there."""
    b = GraphBuilder("se")
    x = b.input((1, 28, 28, 16))
    gate = b.conv2d(
        b.conv2d(b.layer("globalavgpool2d", x, keepdims=True), 4, 1, activation="relu"), 16, 1, activation="relu6"
    )
    total_s = sum(k.latency_s for k in kernels(b.build(b.layer("mul", x, gate))))
    assert total_s == pytest.approx(0.236e-3, rel=0.2)


def test_concatenation_and_views_are_free():
    b = GraphBuilder("concat")
    x, y = b.input((1, 28, 28, 64)), b.input((1, 28, 28, 64))
    assert predict(b.build(b.layer("concat", x, y)), VPU).operators_s == 0


def test_an_operator_without_a_parser_stops_the_network():
    b = GraphBuilder("gelu")
    prediction = predict(b.build(b.layer("gelu", b.conv2d(b.input((1, 14, 14, 8)), 8))), VPU, allow_unknown=True)
    assert prediction.status == "cannot_run"
    assert "gelu" in prediction.reasons[0]


# Measured on this stick and runtime by nn-Meter (microsoft/nn-Meter, MIT).
@pytest.mark.parametrize(
    ("model", "latency_ms"), [("mobilenet_v1", 18.17), ("mobilenet_v2", 22.64), ("mobilenet_v3_large", 39.11)]
)
def test_published_networks_are_met_within_a_tenth(model, latency_ms):
    assert predict(build(model), VPU).latency_s * 1e3 == pytest.approx(latency_ms, rel=0.1)
