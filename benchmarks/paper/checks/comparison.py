"""The seven platforms side by side: section 4.6, appendix B.4, and what a latency is made of (appendix A)."""

from __future__ import annotations

import pytest

from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import (
    MODELS,
    PLATFORMS,
    RATIO_ERROR,
    assert_ratio,
    block,
    conv,
    operators_s,
    predict,
    predict_model,
)
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.zoo import build_block

BASIC = ("MobileNetV1", "MobileNetV2", "InceptionV1", "ResNetV1_50")
"""Stand for the "basic popular" and "four well-supported" models, which the paper does not name."""


def latency_s(name: str, platform: str) -> float:
    return float(predict_model(name, platform).latency_s)


def energy_j(name: str, platform: str) -> float:
    energy = predict_model(name, platform).energy_j
    assert energy is not None, f"{platform} predicts no energy"
    return float(energy)


def with_energy() -> list[str]:
    """Platforms whose power is known."""
    return [platform for platform in PLATFORMS if predict_model("MobileNetV1", platform).energy_j is not None]


@claim("C302")
def best_speedup(claim: Claim) -> None:
    assert_ratio(claim, latency_s(claim.subject, "CPU") / latency_s(claim.subject, claim.platform))


@claim("C304", "C305")
def energy_saved(claim: Claim) -> None:
    name = {"MobileNetV1": "MobileNetV1", "ResNetV1": "ResNetV1_50"}[claim.subject]
    percent = 100 * energy_j(name, claim.platform) / energy_j(name, "CPU")
    assert claim.within(percent, RATIO_ERROR * claim.number)


def refused(platform: str) -> set[str]:
    """The models that a platform does not run alone."""
    return {name for name in MODELS if predict_model(name, platform).status != "ok"}


@claim("C306")
def the_cpu_is_the_most_robust(_claim: Claim) -> None:
    """Table 4, Fig. 6 and appendix B.4 name what four of the others refuse."""
    assert not refused("CPU")
    assert all(refused(platform) for platform in ("GPU", "TPU", "KPU", "NPU"))


@claim("C376")
def the_cpu_runs_every_model(claim: Claim) -> None:
    assert not refused(claim.platform)


@claim("C307")
def tpu_and_npu_are_best_for_basic_models(claim: Claim) -> None:
    """Of the two, one is the fastest of all platforms and one needs the least energy."""
    best = claim.platform.split(", ")
    able = [platform for platform in PLATFORMS if platform != "KPU"]
    for name in BASIC:
        assert min(able, key=lambda platform: latency_s(name, platform)) in best, name
        assert min(with_energy(), key=lambda platform: energy_j(name, platform)) in best, name


@claim("C383")
def tpu_and_npu_need_least_energy(claim: Claim) -> None:
    """Each of the two needs less over the four models than any other platform that runs them."""
    in_all = {platform: sum(energy_j(name, platform) for name in BASIC) for platform in with_energy()}
    best = claim.platform.split(", ")
    others = in_all.keys() - {*best, "KPU"}
    assert others
    assert max(in_all[platform] for platform in best) < min(in_all[platform] for platform in others)


@claim("C382")
def the_kpu_runs_no_default_model(claim: Claim) -> None:
    for name in MODELS:
        prediction = predict_model(name, claim.platform)
        assert prediction.status == "cannot_run", name
        assert prediction.reasons, name


@claim("C324")
def a_block_takes_the_sum_of_its_operators(_claim: Claim) -> None:
    """MobileNetV1Block is a depthwise and a 1x1 convolution, each with ReLU6."""
    b = GraphBuilder("pointwise")
    pointwise = b.build(b.conv2d(b.input((1, 56, 56, 32)), 32, activation="relu6"))
    depthwise = build_block("dwconv_activation", activation="relu6")
    for platform in PLATFORMS:
        parts_s = operators_s(depthwise, platform) + operators_s(pointwise, platform)
        assert operators_s(block("MobileNetV1Block"), platform) == pytest.approx(parts_s, rel=0.01), platform


USB_3_BYTES_PER_S = 5e9 / 8


@claim("C326")
def transfer_is_no_part_of_an_operator(_claim: Claim) -> None:
    """On a USB stick the network takes longer than its operators by the tensors it sends and receives, at least."""
    elements = 28 * 28 * (320 + 64)
    for platform, element_bytes in (("TPU", 1), ("VPU", 2)):
        prediction = predict(conv(28, 320, 64, 3), platform)
        assert prediction.latency_s - prediction.operators_s >= elements * element_bytes / USB_3_BYTES_PER_S, platform
