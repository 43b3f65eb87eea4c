"""The Cortex-A76 under TensorFlow Lite 2.1: quantities between the graph and the time, worked out by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.graph.ops import OPS
from stairline.simulator.mapping.plan import Kernel
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.walk import plan
from stairline.simulator.zoo import BLOCKS, build, build_block

PLATFORMS = ("CPU", "pixel4-cortexa76-tflite2.1")


def kernels(graph: Graph, dtype: str = "float32") -> list[KernelPrediction]:
    return list(predict(graph, load("CPU"), dtype).kernels)


def only_kernel(graph: Graph, dtype: str = "float32") -> KernelPrediction:
    (kernel,) = kernels(graph, dtype)
    return kernel


def planned(graph: Graph) -> list[Kernel]:
    return list(plan(graph, load("CPU").machine("float32")).kernels)


def ops_of(graph: Graph) -> Counter[str]:
    return Counter(op for kernel in kernels(graph) for op in kernel.ops)


@pytest.mark.parametrize(
    ("hw", "c_in", "c_out", "kernel", "stride", "dtype", "padded_macs"),
    [
        # MobileNetV1's first layer: 112 * 112 = 12544 pixels and 32 filters fill their tiles; 3 * 3 * 3 = 27 steps.
        (224, 3, 32, 3, 2, "float32", 12544 * 32 * 27),
        # The dot product instruction takes four steps at once: 28.
        (224, 3, 32, 3, 2, "int8", 12544 * 32 * 28),
        # Its last layer: 49 pixels are computed as 56.
        (7, 1024, 1024, 1, 1, "float32", 56 * 1024 * 1024),
        # Fig. 4: 28 * 28 = 784 = 98 * 8 pixels, 321 filters are computed as 328, 3 * 3 * 320 = 2880 steps.
        (28, 320, 321, 3, 1, "float32", 784 * 328 * 2880),
        # 5 * 5 * 3 = 75 steps are 76, 9 filters are 16, 10 * 10 = 100 pixels are 104.
        (10, 3, 9, 5, 1, "int8", 104 * 16 * 76),
    ],
)
def test_products_are_padded_to_ruys_tiles(hw, c_in, c_out, kernel, stride, dtype, padded_macs):
    graph = build_block("conv", hw, c_in, kernel, stride, c_out=c_out)
    assert only_kernel(graph, dtype).cost.padded_macs == padded_macs


def test_only_a_pointwise_convolution_of_stride_one_needs_no_im2col():
    """56 * 56 * 32 elements in and out either way; 3 x 3 builds nine elements for one, a stride of 2 a quarter."""
    rate_s = load("CPU").machine("float32").rules["conv2d"].parameters.im2col_s_per_element

    def beyond_tensors_s(kernel: int, stride: int) -> float:
        work = planned(build_block("conv", 56, 32, kernel, stride))[0].work
        moved = (work.input_elements + work.output_elements) * 4
        memory_s = only_kernel(build_block("conv", 56, 32, kernel, stride)).cost.memory_s
        roof = load("CPU").machine("float32").rules["conv2d"].roof
        assert moved <= roof.cache_bytes
        return memory_s - moved / roof.cache_bytes_per_s

    assert beyond_tensors_s(1, 1) == pytest.approx(0, abs=1e-12)
    assert beyond_tensors_s(3, 1) == pytest.approx(rate_s * 56 * 56 * 9 * 32)
    assert beyond_tensors_s(1, 2) == pytest.approx(rate_s * 28 * 28 * 32)


def test_a_grouped_convolution_is_a_slice_and_a_small_convolution_per_group_and_a_join():
    """96 to 384 channels in 8 groups at 28 x 28: each group multiplies 784 x 12 by 12 x 48."""
    found = kernels(build_block("grouped_conv", 28, 96, 1, c_out=384, groups=8))
    assert Counter(op for k in found for op in k.ops) == {"strided_slice": 8, "conv2d": 8, "concat": 1}
    assert {k.cost.padded_macs for k in found if k.ops == ("conv2d",)} == {784 * 48 * 12}
    # A slice reads what it writes: 2 * 784 * 12 elements of four bytes.
    assert {k.bytes_moved for k in found if k.ops == ("strided_slice",)} == {2 * 784 * 12 * 4}


def test_few_channels_per_group_are_padded_in_every_group():
    """384 to 96 channels: 12 filters a group are computed as 16, a third more than the network asks for."""
    found = kernels(build_block("grouped_conv", 28, 384, 1, c_out=96, groups=8))
    padded = sum(k.cost.padded_macs for k in found)
    assert padded == 8 * 784 * 16 * 48
    assert padded / sum(k.macs for k in found) == pytest.approx(4 / 3)


def test_shuffling_copies_the_tensor_three_times():
    """Reshape copies in this version, and the transposition of (N, H, W, groups, C / groups) has its own kernel."""
    b = GraphBuilder("shuffle")
    assert ops_of(b.build(b.layer("channel_shuffle", b.input((1, 28, 28, 96)), groups=8))) == {
        "reshape": 2,
        "transpose": 1,
    }


def test_squeeze_and_excite_multiplies_vectors_not_padded_tiles():
    """MobileNetV3-Large: 8 gates of two products each, and two layers at the end, every one of a single pixel."""
    dense = [k for k in kernels(build("mobilenet_v3_large")) if k.ops[0] == "dense"]
    assert len(dense) == 8 * 2 + 2
    assert all(k.cost.padded_macs == k.macs for k in dense)


def test_clamps_join_the_kernel_before_them_and_other_activations_do_not():
    for activation, own_kernels in (("relu", 0), ("relu6", 0), ("hard_swish", 1), ("sigmoid", 1), ("swish", 2)):
        assert len(kernels(build_block("dwconv_activation", 28, 96, activation=activation))) == 1 + own_kernels


def test_a_small_map_is_served_by_the_caches():
    """HardSwish on 28 x 28 x 96 moves 2 * 75264 * 4 = 602,112 bytes, less than L2 and L3 hold."""
    kernel = kernels(build_block("dwconv_activation", 28, 96, activation="hard_swish"))[1]
    roof = load("CPU").machine("float32").rules["hard_swish"].roof
    assert kernel.bytes_moved == 602_112 < roof.cache_bytes
    assert kernel.cost.memory_s == pytest.approx(602_112 / roof.cache_bytes_per_s)


def test_a_large_map_overflows_into_memory():
    """Adding two 112 x 112 x 64 maps moves 3 * 802816 * 4 = 9,633,792 bytes; what the caches lack comes from DRAM."""
    b = GraphBuilder("add")
    shape = (1, 112, 112, 64)
    kernel = only_kernel(b.build(b.layer("add", b.input(shape), b.input(shape))))
    roof = load("CPU").machine("float32").rules["add"].roof
    overflow = 9_633_792 - roof.cache_bytes
    assert kernel.cost.memory_s == pytest.approx(
        roof.cache_bytes / roof.cache_bytes_per_s + overflow / roof.bytes_per_s
    )


def test_int8_has_a_special_depthwise_kernel_for_3x3_filters_over_multiples_of_eight():
    """Per filter tap and channel, against the 5 x 5 filter and the odd channel count that go the general way."""

    def per_tap_s(channels: int, kernel: int) -> float:
        found = only_kernel(build_block("dwconv", 28, channels, kernel), "int8")
        return found.cost.compute_s / found.macs

    assert per_tap_s(96, 3) < per_tap_s(96, 5)
    assert per_tap_s(96, 3) < per_tap_s(100, 3)
    assert per_tap_s(96, 3) == pytest.approx(per_tap_s(104, 3))


def test_int8_gains_nothing_where_elements_are_copied_one_by_one():
    """Slicing runs the same loop whatever the element is: the paper's ShuffleNetV1 slows down in INT8."""
    graph = build_block("grouped_conv", 28, 384, 1, c_out=96, groups=8)

    def copying_s(dtype: str) -> float:
        return sum(k.cost.epilogue_s for k in kernels(graph, dtype) if k.ops == ("strided_slice",))

    assert copying_s("int8") == copying_s("float32") > 0


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_operator_runs(name):
    """Finding 7: the CPU runs every model. What has no kernel of its own is rewritten into operators that do."""
    machine = load(name).machine()
    rewritten = {"swish", "batch_norm", "channel_shuffle"}
    moved = {"reorder"}  # No network has it: other runtimes' lowering puts it between its layers.
    assert OPS.keys() - machine.rules.keys() == rewritten | moved
    for graph in [build_block(block) for block in BLOCKS] + [build("nasnet_a_mobile"), build("efficientnet_b0")]:
        assert predict(graph, load(name)).status == "ok"


def test_both_phones_run_the_same_kernels():
    """One core and one runtime: the plans agree, kernel by kernel, and only rates differ."""
    graph = build("shufflenet_v1")
    here, there = (plan(graph, load(name).machine("float32")) for name in PLATFORMS)
    assert [k.work for k in here.kernels] == [k.work for k in there.kernels]


@pytest.mark.parametrize(
    ("model", "mi9_ms", "pixel4_ms"),
    [("mobilenet_v1", 36.2, 67.5), ("mobilenet_v2", 24.9, 46.4), ("mobilenet_v3_large", 19.9, 36.4)],
)
def test_the_phones_differ_by_as_much_as_measured(model, mi9_ms, pixel4_ms):
    """Three networks were measured on both, by the paper (2 % confidence) and by nn-Meter (some 5 %)."""
    slower = predict(build(model), load(PLATFORMS[1])).latency_s / predict(build(model), load("CPU")).latency_s
    assert slower == pytest.approx(pixel4_ms / mi9_ms, rel=0.07)


@pytest.mark.parametrize(
    ("op", "operands", "published_us"),
    [("relu", 1, 2.6), ("add", 2, 3.8), ("hard_swish", 1, 7.3), ("concat", 2, 14.7)],
)
def test_single_operators_take_as_long_as_nn_meter_measured(op, operands, published_us):
    """microsoft/nn-Meter, fusion rules of cortexA76cpu_tflite21: one operator on 28 x 28 x 16."""
    b = GraphBuilder(op)
    graph = b.build(b.layer(op, *(b.input((1, 28, 28, 16), f"x{i}") for i in range(operands))))
    assert predict(graph, load(PLATFORMS[1])).operators_s * 1e6 == pytest.approx(published_us, rel=0.1)


def test_a_fully_connected_layer_takes_as_long_as_nn_meter_measured():
    """The same table: 428 inputs to 428 outputs take 63 us."""
    b = GraphBuilder("dense")
    graph = b.build(b.dense(b.input((1, 428)), 428))
    assert predict(graph, load(PLATFORMS[1])).operators_s * 1e6 == pytest.approx(63, rel=0.1)
