"""The RK3399Pro's NPU: what its engine does with published shapes, worked out by hand.

The engine: 10 cores x 64 lanes x 3 taps at 8 bit (1920 MACs per cycle), 1 x 64 x 3 in 16-bit fixed point (192),
1 x 64 x 1 in FP16 (64). A map narrower than 64 lets up to 4, 2 and 1 of its rows share the lanes.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.hwmodels import load
from stairline.hwmodels.kernels.base import Cost
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.zoo import build, build_block

NPU = load("NPU")
CLOCK_HZ = 800e6
BYTES_PER_S = 8.5e9


def conv(hw: int, c_in: int, c_out: int, kernel: int, stride: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, stride))


def dwconv(hw: int, channels: int, kernel: int = 3, stride: int = 1) -> Graph:
    b = GraphBuilder("dwconv")
    return b.build(b.dwconv2d(b.input((1, hw, hw, channels)), kernel, stride))


def kernels(graph: Graph, dtype: str = "uint8") -> tuple[KernelPrediction, ...]:
    return predict(graph, NPU, dtype).kernels


def cost(graph: Graph, dtype: str = "uint8") -> Cost:
    (kernel,) = kernels(graph, dtype)
    return kernel.cost


@pytest.mark.parametrize(("dtype", "macs"), [("float16", 64), ("dfp16", 192), ("dfp8", 1920), ("uint8", 1920)])
def test_cores_lanes_and_taps_make_up_the_published_rate(dtype, macs):
    rule = NPU.machine(dtype).rules["conv2d"]
    engine = rule.parameters
    assert engine.cores * engine.lanes * engine.taps == macs == rule.roof.macs_per_s / CLOCK_HZ


# Cycles: (tiles across x groups of rows) x filters per core x (input channels x kernel rows x groups of taps).
CYCLES = [
    # 28 wide: two rows fill 56 of 64 lanes, so 14 groups; 16 filters on 10 cores are 2 turns; 3 taps at a time.
    (conv(28, 320, 16, 3), "uint8", 14 * 2 * (320 * 3 * 1)),
    (conv(28, 320, 16, 3), "dfp16", 14 * 16 * (320 * 3 * 1)),
    (conv(28, 320, 16, 3), "float16", 28 * 16 * (320 * 3 * 3)),
    # 7 wide: four rows, two rows or one row at a time out of seven; a 1x1 has one tap however many fit.
    (conv(7, 512, 2048, 1), "uint8", 2 * 205 * 512),
    (conv(7, 512, 2048, 1), "dfp16", 4 * 2048 * 512),
    (conv(7, 512, 2048, 1), "float16", 7 * 2048 * 512),
    # 75 wide: two tiles across, no room for a second row.
    (conv(75, 64, 64, 1), "uint8", 2 * 75 * 7 * 64),
    # Stride 2 over 3 channels is 12 channels at stride 1, and 7 x 7 becomes 4 x 4: two groups of taps in each row.
    (conv(224, 3, 64, 7, 2), "uint8", 2 * 112 * 7 * (12 * 4 * 2)),
    # A strided 1x1 runs over all 56 x 56 pixels and drops three in four.
    (conv(56, 64, 128, 1, 2), "uint8", 56 * 13 * 64),
]


@pytest.mark.parametrize(("graph", "dtype", "cycles"), CYCLES)
def test_padded_macs_are_the_engines_cycles_times_its_width(graph, dtype, cycles):
    width = {"uint8": 1920, "dfp16": 192, "float16": 64}[dtype]
    assert cost(graph, dtype).padded_macs == cycles * width


@settings(max_examples=60, deadline=None)
@given(
    hw=st.integers(8, 130),
    c_in=st.integers(1, 70),
    c_out=st.integers(1, 70),
    kernel=st.sampled_from([1, 2, 3, 5, 7]),
    stride=st.integers(1, 2),
    dtype=st.sampled_from(NPU.dtypes),
)
def test_the_engine_never_does_less_than_the_work(hw, c_in, c_out, kernel, stride, dtype):
    (kernel_,) = kernels(conv(hw, c_in, c_out, kernel, stride), dtype)
    assert kernel_.cost.padded_macs >= kernel_.macs


def test_an_input_beyond_the_chip_is_read_once_for_every_block_of_filters():
    # 56 x 56 x 256 at two bytes are 1.6 MB. Tiles are 16 rows high, so 64 rows of sums hold 4 of the 64 filters.
    elements_in, elements_out = 56 * 56 * 256, 56 * 56 * 64
    expected_s = (16 * elements_in + elements_out) * 2 / BYTES_PER_S
    assert cost(conv(56, 256, 64, 1), "dfp16").memory_s == pytest.approx(expected_s)
    # At one byte they are still 0.8 MB, but ten cores have 7 filters each: two blocks.
    assert cost(conv(56, 256, 64, 1)).memory_s == pytest.approx((2 * elements_in + elements_out) / BYTES_PER_S)


def test_an_input_that_fits_the_chip_is_read_once():
    assert cost(conv(28, 192, 640, 1)).memory_s == pytest.approx(28 * 28 * (192 + 640) / BYTES_PER_S)


def test_depthwise_filters_pass_over_the_zero_rows_of_all_channels():
    # 1024 filters on 10 cores: 103 turns of 3 kernel rows. Two groups of map rows, 3 rows of one group of taps.
    own_cycles, zero_rows = 103 * 2 * 3, 103 * 1024 * 3
    skip_cycles = NPU.machine("uint8").rules["dwconv2d"].parameters.skip_cycles
    predicted = cost(dwconv(7, 1024))
    assert predicted.padded_macs == own_cycles * 1920
    assert predicted.compute_s == pytest.approx((own_cycles + zero_rows * skip_cycles) / CLOCK_HZ)


def test_a_strided_depthwise_convolution_is_computed_at_stride_one():
    assert cost(dwconv(28, 256, stride=2)).padded_macs == cost(dwconv(28, 256)).padded_macs


@pytest.mark.parametrize(
    ("hw", "channels", "published_us"), [(56, 128, 149), (28, 256, 101), (14, 512, 107), (7, 1024, 220)]
)
def test_depthwise_layers_take_what_the_vendors_guide_prints(hw, channels, published_us):
    assert predict(dwconv(hw, channels), NPU).operators_s * 1e6 == pytest.approx(published_us, rel=0.2)


def test_a_pointwise_convolution_in_a_small_map_runs_at_the_rate_of_the_vendors_guide():
    # 1024 to 1024 channels at 7 x 7: 51.4 MMAC at 146 GMAC/s in the guide's list.
    assert 7 * 7 * 1024**2 / predict(conv(7, 1024, 1024, 1), NPU).operators_s == pytest.approx(146e9, rel=0.15)


@pytest.mark.parametrize("dtype", NPU.dtypes)
def test_depthwise_time_is_quadratic_in_channels(dtype):
    once, twice = (cost(dwconv(7, channels), dtype).compute_s for channels in (1000, 2000))
    assert twice / once == pytest.approx(4, rel=0.01)


def test_ten_output_channels_cost_what_one_does():
    busy = [cost(conv(28, 320, c_out, 3)).compute_s for c_out in range(1, 41)]
    steps = [i + 1 for i in range(1, 40) if busy[i] != busy[i - 1]]
    assert steps == [11, 21, 31]


@pytest.mark.parametrize(("dtype", "times"), [("uint8", 3), ("dfp16", 3), ("float16", 9)])
def test_three_taps_at_a_time_make_3x3_three_times_a_1x1(dtype, times):
    one, three = (cost(conv(56, 32, 32, kernel), dtype).compute_s for kernel in (1, 3))
    assert three / one == pytest.approx(times)


def test_a_normalisation_takes_a_cycle_of_the_vector_unit_per_element_at_every_precision():
    b = GraphBuilder("bn")
    graph = b.build(b.layer("batch_norm", b.input((1, 56, 56, 256))))
    for dtype in NPU.dtypes:
        (kernel,) = kernels(graph, dtype)
        assert kernel.processor == "vector-unit"
        assert kernel.cost.compute_s == pytest.approx(56 * 56 * 256 / CLOCK_HZ)


def ops(graph: Graph, dtype: str = "uint8") -> list[tuple[str, ...]]:
    return [kernel.ops for kernel in kernels(graph, dtype)]


def test_hard_swish_becomes_four_kernels_behind_the_convolution():
    graph = build_block("dwconv_activation", hw=28, channels=96, activation="hard_swish")
    assert [(k.ops, k.processor) for k in kernels(graph)] == [
        (("dwconv2d",), "nn-engine"),
        (("batch_norm",), "vector-unit"),
        (("relu6",), "tensor-processor"),
        (("mul",), "vector-unit"),
        (("mul",), "vector-unit"),
    ]


@pytest.mark.parametrize("dtype", NPU.dtypes)
def test_relu_is_free_at_every_precision_and_relu6_where_the_range_clamps(dtype):
    relu, relu6 = (build_block("dwconv_activation", hw=28, channels=96, activation=a) for a in ("relu", "relu6"))
    assert ops(relu, dtype) == [("dwconv2d", "relu")]
    assert ops(relu6, dtype) == ([("dwconv2d", "relu6")] if dtype == "uint8" else [("dwconv2d",), ("relu6",)])


def pooled(hw: int, pool: int, padding: str) -> Graph:
    b = GraphBuilder("pooled")
    x = b.conv2d(b.input((1, hw, hw, 16)), 16, 3, activation="relu")
    return b.build(b.pool("maxpool2d", x, pool, 2, padding=padding))


POOLINGS = [
    ((56, 2, "valid"), "uint8", True),
    ((57, 2, "valid"), "uint8", False),
    ((55, 3, "valid"), "uint8", True),
    ((56, 3, "same"), "uint8", False),
    ((65, 3, "valid"), "dfp8", False),
    ((55, 3, "valid"), "float16", False),
    ((31, 3, "valid"), "dfp16", True),
]


@pytest.mark.parametrize(("made", "dtype", "fuses"), POOLINGS)
def test_a_pooling_joins_the_convolution_by_size_parity_and_width(made, dtype, fuses):
    chain = ("conv2d", "relu", "maxpool2d")
    assert ops(pooled(*made), dtype) == ([chain] if fuses else [chain[:2], chain[2:]])


def test_joined_branches_of_convolutions_are_not_copied():
    found = ops(build("inception_v1"))
    assert ("concat",) not in found
    assert sum("concat" in kernel for kernel in found) == 9


def test_a_joined_input_of_the_block_is_copied_on_the_vector_unit():
    last = kernels(build_block("dense_block"))[-1]
    assert (last.ops, last.processor) == (("concat",), "vector-unit")


def test_unfused_normalisations_cost_resnet_v2_a_kernel_each():
    found = ops(build("resnet_v2_50"))
    assert found.count(("batch_norm",)) == found.count(("relu",)) == 17
    assert ("batch_norm",) not in ops(build("resnet_v1_50"))


def test_shufflenet_cannot_run_and_says_why():
    prediction = predict(build("shufflenet_v1"), NPU)
    assert prediction.status == "cannot_run"
    assert any("grouped convolutions are not supported" in reason for reason in prediction.reasons)
    assert any("channel_shuffle is not in the operator list" in reason for reason in prediction.reasons)
    assert prediction.kernels


@pytest.mark.parametrize(
    ("kernel", "stride", "status"), [(10, 1, "ok"), (11, 1, "cannot_run"), (21, 2, "ok"), (22, 2, "cannot_run")]
)
def test_a_kernel_must_stay_below_eleven_times_the_stride(kernel, stride, status):
    assert predict(conv(56, 8, 8, kernel, stride), NPU).status == status


def test_the_networks_of_table_4_run():
    for name in ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "inception_v1", "resnet_v1_50", "resnet_v2_50"):
        assert predict(build(name), NPU).status == "ok"
