"""The Adreno 640 under TensorFlow Lite 2.1: counts worked by hand from the delegate's kernels, and its limits."""

from __future__ import annotations

from itertools import product
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline import hwmodels
from stairline.hwmodels.kernels.adreno.work_groups import Groups, search
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.cost import kernel_cost
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build, build_block

GPU = hwmodels.load("GPU")
OLDER = hwmodels.load("pixel3xl-adreno630-tflite2.1")
LANES = 6 * 64
"""Six units, each running a wave of 64 work items."""


def conv(hw: int, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, stride))


def dwconv(hw: int, channels: int, kernel: int = 3, stride: int = 1) -> Graph:
    b = GraphBuilder("dwconv")
    return b.build(b.dwconv2d(b.input((1, hw, hw, channels)), kernel, stride))


def padded_macs(graph: Graph, dtype: str = "float32", gpu: hwmodels.Platform = GPU) -> float:
    (kernel,) = [k for k in predict(graph, gpu, dtype).kernels if k.ops != ("host_io",)]
    return kernel.cost.padded_macs


def groups(graph: Graph) -> list[tuple[str, ...]]:
    return [k.ops for k in predict(graph, GPU).kernels if k.ops != ("host_io",)]


def pool_s(prediction: Prediction) -> float:
    (pooling,) = [k for k in prediction.kernels if k.ops == ("globalavgpool2d",)]
    return pooling.latency_s


def test_a_convolution_is_blocks_of_2x2_pixels_and_8_channels_in_rounds_of_waves():
    # 14x14 -> 7 x 7 blocks; 512 channels -> 64 blocks: 3136 work items, groups of 1 x 1 x 64: 49 waves,
    # ceil(49 / 6) = 9 rounds. A work item multiplies 4 pixels x 8 channels x 512 inputs.
    assert padded_macs(conv(14, 512, 512)) == 9 * LANES * 4 * 8 * 512


def test_odd_maps_pay_for_the_missing_row_and_column():
    # 7x7 -> 4 x 4 blocks, as an 8x8 map has.
    assert padded_macs(conv(7, 512, 512)) == padded_macs(conv(8, 512, 512))


def test_channels_pad_to_a_slice_of_4_inputs_and_a_block_of_8_outputs():
    assert padded_macs(conv(28, 253, 249)) == padded_macs(conv(28, 256, 256))


@pytest.mark.parametrize(
    ("c_out", "waves"),
    [
        (104, 49),  # 14 x 14 x 13 items: 2 x 2 x 13 = 52 fits a wave best: 2548 / 52
        (128, 49),  # 14 x 14 x 16 items: 2 x 2 x 16 = 64 fills it: 3136 / 64
        (152, 76),  # 14 x 14 x 19 items: 7 x 7 x 1 = 49, since 2 x 2 x 19 = 76 needs two waves: 3724 / 49
        (160, 70),  # 14 x 14 x 20 items: 14 x 1 x 4 = 56: 3920 / 56
    ],
)
def test_the_work_group_follows_from_how_the_grid_factors(c_out, waves):
    # The sweep of Fig. 4: 28x28x320, K = 3; a work item multiplies 4 pixels x 8 channels x 9 taps x 320 inputs.
    assert padded_macs(conv(28, 320, c_out, 3)) == ceil(waves / 6) * LANES * 4 * 8 * 9 * 320


def test_groups_of_512_fill_waves_that_groups_of_128_leave_ragged():
    # 14 x 14 x 19 items again: 14 x 1 x 19 = 266 items are 5 waves, 14 groups of which are 70 waves where 128 items
    # allow 76. Four units on the Adreno 630, six on the 640.
    ragged = conv(28, 320, 152, 3)
    assert padded_macs(ragged, gpu=OLDER) == ceil(70 / 4) * 4 * 64 * 4 * 8 * 9 * 320
    measured = hwmodels.load("mi9-adreno640-tflite2.1-nnmeter")
    assert padded_macs(ragged, gpu=measured) == ceil(70 / 6) * LANES * 4 * 8 * 9 * 320


def test_a_work_group_of_a_convolution_fits_the_registers():
    # 128 x 96 registers of four floats to a compute unit of the Adreno 630. A work item holds 8 sums, 8 filters and
    # 4 pixels, and its addresses.
    group = OLDER.machine("float32").rules["conv2d"].parameters.group_max
    assert group * (8 + 8 + 4) < 128 * 96


def test_more_channels_can_take_less_time():
    assert predict(conv(28, 320, 160, 3), GPU).latency_s < predict(conv(28, 320, 152, 3), GPU).latency_s


def test_small_filters_lie_in_constant_memory_and_a_work_item_computes_all_channels():
    # 3x3x3 to 32: 27 x 32 x 4 bytes = 3456 of 3584. 112 x 112 work items = 196 waves = 33 rounds of 27 x 32 MACs.
    assert padded_macs(conv(224, 3, 32, 3, 2)) == 33 * LANES * 27 * 32
    # To 36: 9 slices of sums no longer fit the registers, whatever the precision. Blocks of 56 x 56 x 5 = 15680 work
    # items = 245 waves = 41 rounds of 4 pixels x 8 channels x 9 taps x one slice of 4 inputs.
    assert padded_macs(conv(224, 3, 36, 3, 2), "float16") == 41 * LANES * 4 * 8 * 9 * 4


def test_the_3x3_depthwise_kernel_computes_2x2_pixels_and_any_other_one():
    # 56x56x192: 28 x 28 x 48 items = 588 waves = 98 rounds of 4 pixels x 4 channels x 9 taps.
    assert padded_macs(dwconv(56, 192)) == 98 * LANES * 4 * 4 * 9
    # At stride 2: 28 x 28 pixels x 48 slices, the same 98 rounds, of one pixel each.
    assert padded_macs(dwconv(56, 192, stride=2)) == 98 * LANES * 4 * 9
    # 5x5 at stride 1: 56 x 56 x 48 items = 2352 waves = 392 rounds.
    assert padded_macs(dwconv(56, 192, kernel=5)) == 392 * LANES * 4 * 25


grids = st.integers(1, 120)


@given(grids, grids, st.integers(1, 300), st.sampled_from((64.0, 128.0, 256.0, 512.0)))
def test_the_search_finds_the_fewest_waves_of_all_exact_groups(x, y, z, limit):
    found = search(float(x), float(y), float(z), Groups(wave=64.0, units=6.0, group_max=limit, group_z_max=inf))
    sides = [[d for d in range(1, n + 1) if n % d == 0 and d <= limit] for n in (x, y, z)]
    sizes = {a * b * c for a, b, c in product(*sides) if a * b * c <= limit}
    tried = {size for size in sizes if size >= 32} or sizes
    assert found.waves == min(x * y * z // size * ceil(size / 64) for size in tried)
    assert found.x * found.y * found.z in tried


def test_a_global_pooling_waits_for_every_pixel_however_few_channels_there_are():
    step_s = GPU.machine("float16").rules["globalavgpool2d"].parameters.step_s
    assert pool_s(predict(build_block("mobilenet_v2_se_block"), GPU)) > 56 * 56 * step_s
    b = GraphBuilder("pool")
    narrow = predict(b.build(b.layer("globalavgpool2d", b.input((1, 56, 56, 4)))), GPU)
    assert pool_s(narrow) > 56 * 56 * step_s


def test_an_average_over_the_whole_map_is_a_global_pooling():
    b = GraphBuilder("g")
    whole = predict(b.build(b.pool("avgpool2d", b.input((1, 7, 7, 1024)), 7, 1)), GPU)
    b = GraphBuilder("g")
    pooled = predict(b.build(b.layer("globalavgpool2d", b.input((1, 7, 7, 1024)))), GPU)
    assert whole.latency_s == pooled.latency_s


def test_half_precision_halves_the_bytes_and_never_more_than_halves_the_time():
    for name in ("mobilenet_v1", "resnet_v1_50", "inception_v1"):
        single, half = (predict(build(name), GPU, dtype) for dtype in ("float32", "float16"))
        assert sum(k.bytes_moved for k in single.kernels) == 2 * sum(k.bytes_moved for k in half.kernels)
        assert half.latency_s < single.latency_s <= 2 * half.latency_s


def test_a_1x1_convolution_of_one_pixel_is_a_fully_connected_layer():
    assert groups(conv(1, 960, 240)) == [("dense",)]
    assert groups(conv(2, 960, 240)) == [("conv2d",)]


@pytest.mark.parametrize("activation", ["relu", "relu6", "hard_swish", "sigmoid", "tanh"])
def test_activations_link_to_their_producer(activation):
    b = GraphBuilder("g")
    assert groups(b.build(b.dwconv2d(b.input((1, 28, 28, 96)), activation=activation))) == [("dwconv2d", activation)]


def test_swish_reads_its_input_twice_and_stays_alone():
    b = GraphBuilder("g")
    found = groups(b.build(b.dwconv2d(b.input((1, 28, 28, 96)), activation="swish")))
    assert found == [("dwconv2d",), ("sigmoid",), ("mul",)]


def test_an_addition_links_to_the_operand_written_last_whichever_it_is():
    for swapped in (False, True):
        b = GraphBuilder("g")
        x = b.input((1, 28, 28, 16))
        first, last = b.conv2d(x, 16, 3), b.conv2d(x, 16, 3)
        total = b.layer("add", *((last, first) if swapped else (first, last)))
        assert groups(b.build(total)) == [("conv2d",), ("conv2d", "add")]


def test_the_gate_of_squeeze_and_excite_is_multiplied_apart():
    assert ("mul",) in groups(build_block("mobilenet_v2_se_block"))


def test_a_batch_normalisation_between_addition_and_relu_is_one_kernel():
    b = GraphBuilder("g")
    x = b.input((1, 28, 28, 64))
    y = b.layer("relu", b.layer("batch_norm", x))
    assert groups(b.build((b.conv2d(y, 64), x))) == [("mul", "add", "relu"), ("conv2d",)]


# Measured by nn-Meter on this GPU and runtime: does the pair run as one kernel?
PAIRS = {
    ("conv2d", "relu"): True,
    ("conv2d", "conv2d"): False,
    ("maxpool2d", "relu"): True,
    ("maxpool2d", "maxpool2d"): False,
    ("relu", "relu"): True,
    ("relu", "conv2d"): False,
    ("reshape", "relu"): False,
    ("reshape", "add"): True,
    ("maxpool2d", "add"): True,
    ("conv2d", "maxpool2d"): False,
}


@pytest.mark.parametrize(("pair", "fused"), PAIRS.items(), ids=map("-".join, PAIRS))
def test_operators_fuse_as_measured_pairs_did(pair, fused):
    b = GraphBuilder("pair")
    x = b.input((1, 28, 28, 16))
    y = append(b, append(b, x, x, pair[0]), x, pair[1])
    assert (len(groups(b.build(y))) == 1) == fused


def append(b: GraphBuilder, y: int, other: int, op: str) -> int:
    if op == "conv2d":
        return b.conv2d(y, 16, 3)
    if op == "maxpool2d":
        return b.pool(op, y, 3, 1, padding="same")
    if op == "reshape":
        return b.layer(op, y, sizes=(1, 14, 56, 16))
    if op == "add":
        return b.layer(op, y, other if b.shape(other) == b.shape(y) else b.input(b.shape(y)))
    return b.layer(op, y)


def test_channel_shuffle_and_split_leave_for_the_cpu_with_their_reasons():
    prediction = predict(build_block("shufflenet_v2_block"), GPU)
    assert prediction.status == "falls_back"
    assert any("transpose is not in the operator list" in reason for reason in prediction.reasons)
    assert any("split is not in the operator list" in reason for reason in prediction.reasons)
    processors = {k.processor for k in prediction.kernels}
    assert {"adreno-640", "cortex-a76"} <= processors


def test_every_precision_prices_every_supported_operator():
    for dtype in GPU.dtypes:
        machine = GPU.machine(dtype)
        assert {op for rule in machine.support for op in rule.ops} <= machine.rules.keys()


def test_an_added_operand_is_read_by_the_kernel_that_adds_it():
    b = GraphBuilder("g")
    x = b.input((1, 28, 28, 64))
    alone, joined = b.conv2d(x, 64, 3), b.conv2d(x, 64, 3)
    planned = plan(b.build((alone, b.layer("add", joined, x))), GPU.machine("float32"))
    without, with_addition = (kernel_cost(k.rule, k.work) for k in planned.kernels)
    # 64 x 28 x 28 elements of 4 bytes more, at the texture cache's 192 GB/s and again from behind it.
    assert with_addition.memory_s - without.memory_s >= 64 * 28 * 28 * 4 / 192e9
    assert with_addition.compute_s == without.compute_s


def test_the_older_gpu_takes_as_long_as_published_networks_took():
    # nn-Meter on a Pixel 3 XL: MobileNetV1 13.69 ms. The same network on the Mi 9 of the paper: 12.1 ms.
    older = predict(build("mobilenet_v1"), OLDER)
    assert older.latency_s == pytest.approx(13.69e-3, rel=0.1)
    assert older.latency_s > predict(build("mobilenet_v1"), GPU, "float32").latency_s
