"""The zoo's blocks against drawings worked by hand and the paper's statements about operations and memory accesses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stairline.simulator.graph.graph import Graph
from stairline.simulator.zoo import BLOCKS, ZooError, build_block, build_stack
from tests.graph_totals import filter_elements, tensor_elements, totals


# Blocks at the paper's 56x56x32, kernel 3, stride 1: multiply-adds per pixel worked by hand.
@pytest.mark.parametrize(
    ("name", "macs_per_pixel"),
    [
        ("mobilenet_v1_block", 9 * 32 + 32 * 32),
        ("mobilenet_v2_block", 32 * 192 + 9 * 192 + 192 * 32),
        ("shufflenet_v1_block", 32 * 8 // 8 + 9 * 8 + 8 * 32 // 8),
        ("shufflenet_v2_block", 16 * 16 + 9 * 16 + 16 * 16),
        ("dense_block", 32 * 128 + 9 * 128 * 32),
        ("conv", 9 * 32 * 32),
        ("dilated_conv", 9 * 32 * 32),
        ("grouped_conv", 9 * 32 * 32 // 8),
        ("dwconv", 9 * 32),
        ("dwconv_activation", 9 * 32),
        ("mixconv", 9 * 12 + 25 * 10 + 49 * 10),
    ],
)
def test_a_block_costs_what_its_drawing_says(name: str, macs_per_pixel: int) -> None:
    assert totals(build_block(name)).macs == 56 * 56 * macs_per_pixel


def test_block_multiply_adds_and_memory_are_the_surveys() -> None:
    macs = {name: totals(build_block(name)).macs / 1e6 for name in BLOCKS}
    assert macs["mobilenet_v1_block"] == pytest.approx(4.11, abs=0.005)
    assert macs["mobilenet_v2_block"] == pytest.approx(43.95, abs=0.005)
    assert macs["dense_block"] == pytest.approx(128.45, abs=0.005)
    assert macs["dense_block"] / macs["mobilenet_v2_block"] == pytest.approx(2.92, abs=0.005)
    assert tensor_elements(build_block("mobilenet_v2_block")) == 28 * 56 * 56 * 32
    v1 = build_block("mobilenet_v1_block")
    assert tensor_elements(v1) + filter_elements(v1) == pytest.approx(0.403e6, rel=0.001)


def test_squeeze_and_excite_adds_a_hundredth_of_the_operations_and_two_thirds_of_the_memory_accesses() -> None:
    plain, excited = build_block("mobilenet_v2_block"), build_block("mobilenet_v2_se_block")
    one_pass = 56 * 56 * 192
    operations = totals(excited).macs + one_pass - totals(plain).macs
    assert operations / totals(plain).macs == pytest.approx(0.0141, abs=0.00005)
    assert tensor_elements(excited) / tensor_elements(plain) - 1 == pytest.approx(0.643, abs=0.0005)


HALF_SIZE_DOUBLE_CHANNEL = ((112, 32), (56, 64), (28, 128), (14, 256), (7, 512))


@pytest.mark.parametrize("name", ["conv", "grouped_conv"])
def test_half_size_double_channel_keeps_a_convolutions_multiply_adds_and_quadruples_its_filters(name: str) -> None:
    graphs = [build_block(name, hw, c) for hw, c in HALF_SIZE_DOUBLE_CHANNEL]
    assert len({totals(graph).macs for graph in graphs}) == 1
    assert [filter_elements(g) for g in graphs] == [filter_elements(graphs[0]) * 4**i for i in range(5)]
    assert [tensor_elements(g) for g in graphs] == [tensor_elements(graphs[0]) // 2**i for i in range(5)]


def test_half_size_double_channel_halves_a_depthwise_convolution_and_doubles_its_filter() -> None:
    graphs = [build_block("dwconv", hw, c) for hw, c in HALF_SIZE_DOUBLE_CHANNEL]
    assert [totals(g).macs for g in graphs] == [totals(graphs[0]).macs // 2**i for i in range(5)]
    assert [filter_elements(g) for g in graphs] == [filter_elements(graphs[0]) * 2**i for i in range(5)]


@pytest.mark.parametrize("name", ["mobilenet_v1_block", "mobilenet_v2_block"])
def test_mobilenet_blocks_move_least_at_14_pixels(name: str) -> None:
    moved = {}
    for hw, c in HALF_SIZE_DOUBLE_CHANNEL:
        graph = build_block(name, hw, c)
        moved[hw] = tensor_elements(graph) + filter_elements(graph)
    assert min(moved, key=moved.__getitem__) == 14
    if name == "mobilenet_v1_block":
        assert [moved[hw] / 1e6 for hw, _ in HALF_SIZE_DOUBLE_CHANNEL] == pytest.approx(
            [1.61, 0.81, 0.42, 0.27, 0.36], abs=0.01
        )


def test_mobilenet_v1_block_costs_more_than_twice_the_dense_block_at_7_pixels() -> None:
    v1, dense = (totals(build_block(name, 7, 512)).macs for name in ("mobilenet_v1_block", "dense_block"))
    assert v1 / dense == pytest.approx(2.6, abs=0.01)


@pytest.mark.parametrize(
    ("kernel", "growth"),
    [(3, 0.0406), (5, 0.1218)],
)
def test_a_larger_kernel_adds_the_papers_few_percent_of_memory_accesses(kernel: int, growth: float) -> None:
    def moved(k: int) -> int:
        graph = build_block("conv", kernel=k)
        return tensor_elements(graph) + filter_elements(graph)

    assert moved(kernel) / moved(1) - 1 == pytest.approx(growth, abs=0.0001)


@pytest.mark.parametrize("name", [name for name in BLOCKS if name != "dense_block"])
def test_thirty_more_layers_cost_thirty_times_one(name: str) -> None:
    one, ten, forty = (totals(build_stack(name, depth)) for depth in (1, 10, 40))
    assert forty.macs - ten.macs == 30 * one.macs
    assert forty.element_ops - ten.element_ops == 30 * one.element_ops


def test_a_stack_of_dense_blocks_grows_by_32_channels_each() -> None:
    graph = build_stack("dense_block", 10)
    assert graph.shapes(graph.outputs) == ((1, 56, 56, 32 + 10 * 32),)


@pytest.mark.parametrize("name", ["shufflenet_v1_block", "shufflenet_v2_block"])
def test_a_shuffle_block_of_stride_2_halves_the_size_and_doubles_the_channels(name: str) -> None:
    graph = build_block(name, stride=2)
    assert graph.shapes(graph.outputs) == ((1, 28, 28, 64),)


@pytest.mark.parametrize(("width", "groups"), [(32, 8), (48, 4), (40, 2), (36, 1)])
def test_shufflenet_groups_are_eight_where_eight_divides_the_bottleneck(width: int, groups: int) -> None:
    graph = build_block("shufflenet_v1_block", channels=width)
    assert {s.attributes.groups for s in graph.layers if s.op == "conv2d"} == {groups}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_block("dense_blok"), "unknown block 'dense_blok'; did you mean 'dense_block'"),
        (lambda: build_block("dense_block", stride=2), "dense_block: has no setting 'stride'; it takes kernel, growth"),
        (lambda: build_block("conv", hw=0), "conv: hw 0 must be at least 1"),
        (lambda: build_block("conv", stride=0), "conv: stride 0 must be at least 1"),
        (lambda: build_block("conv", c_out=-1), "conv: c_out -1 must be at least 1"),
        (lambda: build_block("shufflenet_v2_block", c_out=64), "must equal the 32 input channels at stride 1"),
        (lambda: build_block("shufflenet_v1_block", stride=2, c_out=32), "must exceed the 32 channels it joins"),
        (lambda: build_block("mixconv", kernels=()), "0 kernels \\(\\): give from 1 to 32"),
        (lambda: build_stack("conv", 0), "conv: depth 0 must be at least 1"),
    ],
)
def test_what_does_not_exist_is_refused_in_one_sentence(call: Callable[[], Graph], message: str) -> None:
    with pytest.raises(ZooError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
