"""x86 runtimes: tiles and layouts worked out by hand, and held against what the runtimes themselves report."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stairline.hwmodels import load
from stairline.hwmodels.kernels.processors.window_taps import padding_share
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import Prediction
from stairline.simulator.walk import plan
from stairline.simulator.zoo import build

XNNPACK, BUILTIN, OPENVINO, ONNXRUNTIME = "x86-xnnpack-litert", "x86-builtin-litert", "x86-openvino", "x86-onnxruntime"


def on(platform: str, graph: Graph) -> Prediction:
    return predict(graph, load(platform))


def padded_macs(platform: str, hw: int, c_in: int, c_out: int, kernel: int, groups: int = 1) -> float:
    b = GraphBuilder("one")
    graph = b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, groups=groups))
    (found,) = (k for k in on(platform, graph).kernels if k.ops[0] in ("conv2d", "dense"))
    return found.cost.padded_macs


@pytest.mark.parametrize(
    ("platform", "hw", "c_in", "c_out", "kernel", "expected"),
    [
        # 28 * 28 = 112 * 7 rows fill XNNPACK's tiles; 100 filters of a product are 7 * 16, of a window 4 * 32.
        (XNNPACK, 28, 100, 100, 1, 784 * 112 * 100),
        (XNNPACK, 28, 100, 100, 3, 784 * 128 * 900),
        # Sixteen filters and fewer have a narrower kernel; 10 * 10 rows are computed as 105.
        (XNNPACK, 10, 24, 12, 3, 105 * 16 * 216),
        # One row has a kernel of its own and is not padded.
        (XNNPACK, 1, 240, 960, 1, 240 * 960),
        # onnxruntime's blocks: 24 input channels are 32 and 144 filters 9 * 16; three input channels stay three.
        (ONNXRUNTIME, 56, 24, 144, 1, 3136 * 32 * 144),
        (ONNXRUNTIME, 32, 3, 20, 3, 1024 * 27 * 32),
        # oneDNN pads filters only.
        (OPENVINO, 28, 100, 100, 3, 784 * 900 * 112),
    ],
)
def test_products_are_padded_to_the_runtimes_tiles(platform, hw, c_in, c_out, kernel, expected):
    assert padded_macs(platform, hw, c_in, c_out, kernel) == expected


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 3), st.integers(1, 3))
def test_the_taps_beyond_a_map_are_those_that_counting_finds(size, kernel, stride, dilation):
    assume((kernel - 1) * dilation < size)  # A smaller map has taps beyond both of its ends at once.
    size_out = -(-size // stride)
    padding = max((size_out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    begin = -(padding // 2)
    taps = [begin + out * stride + tap * dilation for out in range(size_out) for tap in range(kernel)]
    beyond = sum(not 0 <= place < size for place in taps) / len(taps)
    assert padding_share(size, size_out, kernel, stride, dilation) == pytest.approx(beyond)


@pytest.mark.parametrize(
    ("hw", "c_in", "c_out", "kernel", "groups", "measured_s"),
    [
        (28, 48, 48, 7, 48, 2.684e-3),
        (14, 64, 64, 5, 16, 0.715e-3),
        (14, 128, 64, 3, 16, 0.504e-3),
        (14, 64, 64, 1, 2, 0.214e-3),
        (7, 480, 480, 1, 3, 2.562e-3),
    ],
)
def test_convolutions_in_groups_take_as_long_as_measured_on_builtin_kernels(
    hw, c_in, c_out, kernel, groups, measured_s
):
    b = GraphBuilder("grouped")
    graph = b.build(b.conv2d(b.input((1, hw, hw, c_in)), c_out, kernel, groups=groups))
    assert on(BUILTIN, graph).latency_s == pytest.approx(measured_s, rel=0.12)


def kernels(platform: str, graph: Graph) -> Counter[str]:
    return Counter(kernel.ops[0] for kernel in on(platform, graph).kernels)


def test_parameters_that_exceed_the_cache_twice_all_come_from_memory():
    # MobileNetV1 has 4.2 M parameters, 17 MB, against 7 MB; a quarter of its width 0.5 M, 1.9 MB.
    def streamed(width: float) -> float:
        kernels = plan(build("mobilenet_v1", 224, width), load(XNNPACK).machine()).kernels
        return sum(k.work.streamed_elements for k in kernels) / sum(k.work.weight_elements for k in kernels)

    assert streamed(1.0) == 1.0
    assert streamed(0.25) == 0.0


def test_a_convolution_in_groups_of_one_channel_is_depthwise_but_for_the_builtin_kernels():
    b = GraphBuilder("depthwise")
    graph = b.build(b.conv2d(b.input((1, 28, 28, 96)), 96, 7, groups=96))
    ran = {name: kernels(name, graph) for name in (XNNPACK, OPENVINO, ONNXRUNTIME, BUILTIN)}
    assert [name for name, ops in ran.items() if ops["dwconv2d"]] == [XNNPACK, OPENVINO, ONNXRUNTIME]


def test_no_predicted_product_is_quicker_than_the_roof():
    # 59.2 GMAC/s: 16 lanes at 3.7 GHz.
    for name in (XNNPACK, OPENVINO, ONNXRUNTIME):
        graph = build("resnet_v1_50", 224)
        assert on(name, graph).latency_s > 3.4e9 / 59.2e9
