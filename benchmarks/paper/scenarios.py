"""The settings of the paper's experiments: its platforms, precisions, models, layers and blocks, and their predictions.

Tolerances are defined here, once. A predicted latency may be off by MODEL_ERROR. A ratio of two predictions may be off
by RATIO_ERROR: two independent errors of 15 % add in quadrature to 21 %. A number that the paper rounds may be off by
that rounding as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import stairline
from stairline import Prediction
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.study.experiments import BLOCKS as BLOCKS
from stairline.simulator.study.experiments import FREE as FREE
from stairline.simulator.study.experiments import HALF_SIZE_DOUBLE_CHANNEL as HALF_SIZE_DOUBLE_CHANNEL
from stairline.simulator.study.experiments import LARGE as LARGE
from stairline.simulator.study.experiments import activated as activated
from stairline.simulator.study.experiments import block as block
from stairline.simulator.study.experiments import conv as conv
from stairline.simulator.study.experiments import dwconv as dwconv
from stairline.simulator.zoo import build

from .claims import Claim

MODEL_ERROR = 0.15
RATIO_ERROR = 0.21

PRECISIONS = {
    "FP32": "float32",
    "FP16": "float16",
    "DFP16": "dfp16",
    "DFP8": "dfp8",
    "INT8": "int8",
    "UINT8": "uint8",
}

PLATFORMS = ("CPU", "GPU", "DSP", "VPU", "TPU", "KPU", "NPU")

LOWEST = dict(zip(PLATFORMS, ("float32", "float16", "int8", "float16", "int8", "int8", "uint8")))
"""Section 3.3: FP32 on the CPU, the lowest precision elsewhere, unless a claim says otherwise."""

MODELS = {
    "MobileNetV1": "mobilenet_v1",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3_large",
    "ShuffleNetV1": "shufflenet_v1",
    "ShuffleNetV2": "shufflenet_v2",
    "ResNetV1_50": "resnet_v1_50",
    "ResNetV2_50": "resnet_v2_50",
    "InceptionV1": "inception_v1",
    "Proxyless_mobile": "proxyless_mobile",
    "Proxyless_mobile14": "proxyless_mobile_14",
    "MnasNet-A1": "mnasnet_a1",
    "NasNet-A_mobile": "nasnet_a_mobile",
    "EfficientNet-B0": "efficientnet_b0",
    "EfficientNet-B1": "efficientnet_b1",
}
"""Appendix B.4: the 14 models by the paper's name and by ours."""


def pair(op: str, hw: int, channels: int) -> Graph:
    """One operator of two equal tensors: add or mul."""
    b = GraphBuilder(op)
    shape = (1, hw, hw, channels)
    return b.build(b.layer(op, b.input(shape, "first"), b.input(shape, "second")))


@cache
def model(name: str) -> Graph:
    """One of the 14 models by the paper's name."""
    return build(MODELS[name])


def predict(graph: Graph, platform: str, dtype: str | None = None) -> Prediction:
    """The prediction of a graph on one of PLATFORMS, at its precision in LOWEST unless another is named."""
    return stairline.load(platform).predict(graph, dtype or LOWEST[platform])


@cache
def predict_model(name: str, platform: str, dtype: str | None = None) -> Prediction:
    """The prediction of one of the 14 models."""
    return predict(model(name), platform, dtype)


@cache
def predict_block(name: str, platform: str, hw: int = 56, channels: int = 32) -> Prediction:
    """The prediction of one of the blocks."""
    return predict(block(name, hw, channels), platform)


def operators_s(graph: Graph, platform: str, dtype: str | None = None) -> float:
    """Predicted time of the operators alone, as the paper reports layers and blocks (appendix A)."""
    return float(predict(graph, platform, dtype).operators_s)


def kernels(prediction: Prediction) -> list[KernelPrediction]:
    """The kernels that compute something: no transfers."""
    return [k for k in prediction.kernels if k.ops not in (("crossing",), ("host_io",))]


def latency_ms(name: str, platform: str, precision: str) -> float:
    """Predicted end-to-end latency of a model at a precision by the paper's names."""
    return float(predict_model(name, platform, PRECISIONS[precision]).latency_s) * 1e3


def sweep(platform: str, layer: Callable[[int], Graph], sizes: Sequence[int]) -> list[float]:
    """Predicted operator times of ``layer(size)`` over ``sizes``."""
    return [operators_s(layer(size), platform) for size in sizes]


def conv_over_c_out(platform: str, sizes: Sequence[int]) -> list[float]:
    """Fig. 4 and B.1: convolution over output channels at H = W = 28, C_in = 320, K = 3, S = 1."""
    return sweep(platform, lambda c_out: conv(28, 320, c_out, 3), sizes)


def dwconv_over_channels(platform: str, sizes: Sequence[int]) -> list[float]:
    """Fig. B.3: depthwise convolution over channels at H = W = 7, K = 3, S = 1."""
    return sweep(platform, lambda channels: dwconv(7, channels, 3), sizes)


def assert_ratio(claim: Claim, measured: float, *, counted_from: float = 0.0) -> None:
    """A ratio of two predictions agrees with the claim.

    ``counted_from`` is 1 where the paper says "N x longer" and means a ratio of N + 1.
    """
    slack = RATIO_ERROR * (claim.number + counted_from)
    assert claim.within(measured - counted_from, slack), (
        f"{claim.id}: predicted ratio {measured:.3g}, published {claim.number + counted_from:.3g} within {slack:.2g}"
    )
