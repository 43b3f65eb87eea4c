"""What nncase leaves to the K210's CPU, and what the K210's memories hold, by hand from nncase's sources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels import load
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.runtimes.nncase import map_bytes
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build, build_block

KPU = load("k210-kpu-nncase0.2")


def map_conv(h: int, w: int, c_in: int, c_out: int, kernel: int, stride: int = 1) -> Graph:
    b = GraphBuilder("conv")
    return b.build(b.conv2d(b.input((1, h, w, c_in)), c_out, kernel, stride, padding=(kernel // 2,) * 4))


def test_a_strided_depthwise_convolution_is_sliced_by_the_cpu():
    prediction = predict(build_block("dwconv", 56, 32, stride=2), KPU)
    work = [(k.ops, k.processor) for k in prediction.kernels if k.layers]
    assert work == [(("dwconv2d",), "kpu"), (("strided_slice",), "rv64")]


@given(
    hw=st.integers(8, 40),
    stride=st.integers(2, 3),
    padding=st.sampled_from(["same", "valid"]),
    op=st.sampled_from(["conv2d", "dwconv2d"]),
)
def test_lowered_strides_and_paddings_keep_the_shape(hw, stride, padding, op):
    b = GraphBuilder("strided")
    x = b.input((1, hw, hw, 8))
    y = b.conv2d(x, 8, 3, stride, padding=padding) if op == "conv2d" else b.dwconv2d(x, 3, stride, padding=padding)
    graph = b.build(y)
    lowered = plan(graph, KPU.machine()).graph
    assert lowered.tensors[lowered.outputs[0]].shape == graph.tensors[graph.outputs[0]].shape


@pytest.mark.parametrize(
    ("kernel", "stride", "kernels"),
    [((2, 2), (2, 2), 1), ((2, 2), (1, 1), 1), ((4, 4), (4, 4), 1), ((3, 3), (2, 2), 2)],
)
def test_small_pools_join_the_convolution(kernel, stride, kernels):
    b = GraphBuilder("pooled")
    y = b.conv2d(b.input((1, 56, 56, 32)), 32, 3, activation="relu")
    planned = plan(b.build(b.pool("maxpool2d", y, kernel, stride)), KPU.machine())
    assert len(planned.kernels) == kernels


@pytest.mark.parametrize(
    ("graph", "processor"),
    [
        (map_conv(28, 28, 32, 32, 3), "kpu"),
        (map_conv(28, 28, 32, 32, 5), "rv64"),
        (map_conv(28, 28, 1024, 32, 1), "kpu"),
        (map_conv(28, 28, 1025, 32, 1), "rv64"),
        (map_conv(4, 4, 32, 32, 1), "kpu"),
        (map_conv(1, 1, 32, 32, 1), "rv64"),
        (map_conv(4, 512, 8, 8, 3), "kpu"),
        (map_conv(4, 513, 8, 8, 3), "rv64"),
        (map_conv(257, 16, 8, 8, 3), "rv64"),
        (build_block("dilated_conv", 28, 32), "rv64"),
        (build_block("grouped_conv", 28, 32), "rv64"),
    ],
)
def test_shapes_and_filters_that_the_kpu_takes(graph, processor):
    assert {k.processor for k in predict(graph, KPU).kernels if k.layers} == {processor}


def test_input_and_output_must_fit_in_two_megabytes():
    # 112 * 192 lines * 64 bytes = 1 376 256, twice.
    assert map_bytes((1, 112, 112, 96)) == 1_376_256
    too_large = predict(build_block("dwconv", 112, 96), KPU)
    assert too_large.status == "cannot_run"
    assert "2752512" in too_large.reasons[0]
    assert too_large.latency_s > 0
    assert predict(build_block("dwconv", 112, 64), KPU).status == "ok"  # 1 835 008
    assert predict(build_block("mobilenet_v2_block"), KPU).status == "falls_back"  # 688 128 twice


def test_shrunk_networks_run_and_the_default_ones_do_not():
    assert predict(build("mobilenet_v1", 128, 0.5), KPU).status == "falls_back"
    assert predict(build("mobilenet_v1"), KPU).status == "cannot_run"


def test_pool_and_multiplication_of_squeeze_and_excite_leave_the_engine():
    with_se, without = (predict(build_block(n), KPU) for n in ("mobilenet_v2_se_block", "mobilenet_v2_block"))
    where = {k.ops[0]: k.processor for k in with_se.kernels if k.layers}
    assert (where["globalavgpool2d"], where["mul"], where["dwconv2d"]) == ("rv64", "rv64", "kpu")
    assert with_se.operators_s / without.operators_s == pytest.approx(16, rel=0.05)  # paper, section 4.2


def test_five_dimensions_and_split_have_nowhere_to_go():
    shuffled, split = (predict(build_block(f"shufflenet_v{v}_block"), KPU) for v in (1, 2))
    assert shuffled.status == split.status == "cannot_run"
    assert any("4 dimensions" in reason for reason in shuffled.reasons)
    assert any("split" in reason for reason in split.reasons)
