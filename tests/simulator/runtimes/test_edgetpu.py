"""The Edge TPU's parameter cache by hand and against the compiler's published reports."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.runtimes.edgetpu import stored_parameters
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build_block
from tests.edgetpu_stacks import dense_stack, relu_stack

TPU = load("coral-edgetpu-tflite")
MIB = 2**20


def conv(hw: int, c_in: int, c_out: int, kernel: int) -> Graph:
    return build_block("conv", hw, c_in, kernel, c_out=c_out)


def test_parameters_beyond_the_cache_are_streamed_in_execution_order(device):
    def stack(filters: int) -> Graph:
        b = GraphBuilder("stack")
        x = b.input((1, 1, 1, filters))
        for _ in range(3):
            x = b.conv2d(x, filters)
        return b.build(x)

    cache = """
[placement]
rule = "parameter_cache"
capacity_bytes = { value = 10000, source = "made" }
memory = "link"
source = "made"
"""
    # 32 filters: (32 + 1) * 32 * 4 = 4,224 bytes a layer; two layers fit in 10,000, the third comes over the link.
    works = [k.work for k in plan(stack(32), device(rest=cache).machine()).kernels]
    assert [w.streamed_elements for w in works] == [0, 0, 33 * 32]
    fits = [k.work.streamed_elements for k in plan(stack(16), device(rest=cache).machine()).kernels]
    assert fits == [0, 0, 0]


@pytest.mark.parametrize(
    ("filters", "onchip_mib", "offchip_mib"),
    [(442, 6.86, 0.0), (460, 6.10, 2.03), (532, 5.29, 5.27), (582, 6.45, 6.43), (642, 3.93, 11.69), (712, 4.73, 14.10)],
)
def test_the_cache_holds_what_the_compiler_reports(filters, onchip_mib, offchip_mib):
    """Sizes as printed by the compiler for the published sweep; whole layers leave the cache."""
    graph = relu_stack(filters)
    stored = sum(stored_parameters(graph, i, TPU.machine()) for i in range(len(graph.layers)))
    streamed = sum(k.work.streamed_elements for k in plan(graph, TPU.machine()).kernels)
    assert streamed / MIB == pytest.approx(offchip_mib, rel=0.01)
    assert (stored - streamed) / MIB == pytest.approx(onchip_mib, rel=0.02)


def test_a_filter_bank_is_stored_as_the_array_reads_it():
    # 9 taps * 460 channels * 512 columns
    assert stored_parameters(conv(64, 460, 460, 3), 0, TPU.machine()) == 9 * 460 * 512 == 2_119_680


@pytest.mark.parametrize(
    ("width", "onchip_mib", "offchip_mib"),
    [
        (1580, 7.43, 0.0),
        (1620, 5.34, 2.57),
        (1980, 7.73, 3.75),
        (2020, 4.19, 7.89),
        (2620, 6.88, 13.11),
        (2750, 0.34, 21.67),
    ],
)
def test_a_layer_has_room_in_all_banks_or_none(width, onchip_mib, offchip_mib):
    """As the compiler reports: 7.73 MiB find room together, but one layer of 7.22 MiB does not."""
    graph = dense_stack(width)
    stored = sum(stored_parameters(graph, i, TPU.machine()) for i in range(len(graph.layers)))
    streamed = sum(k.work.streamed_elements for k in plan(graph, TPU.machine()).kernels)
    assert streamed / MIB == pytest.approx(offchip_mib, abs=0.01)
    assert (stored - streamed) / MIB == pytest.approx(onchip_mib, abs=0.01)
