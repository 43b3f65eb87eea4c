"""Activations and fusion (section 4.3, Fig. 7) and kernel sizes (section 4.4, Fig. 8)."""

from __future__ import annotations

from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import (
    FREE,
    LARGE,
    PLATFORMS,
    activated,
    assert_ratio,
    conv,
    dwconv,
    kernels,
    operators_s,
    predict,
)
from stairline.simulator.study import shapes

KERNELS = (1, 3, 5, 7)
DEPTHWISE_KERNELS = (3, 5, 7)
ACTIVATIONS = ("relu", "relu6", "hard_swish", "sigmoid", "swish")
"""In the paper's order of operations."""


def activation_ratio(activation: str, platform: str) -> float:
    """Latency of depthwise convolution and activation over that of depthwise convolution and ReLU (Fig. 7)."""
    return operators_s(activated(activation), platform) / operators_s(activated("relu"), platform)


def runs_activation(activation: str, platform: str) -> bool:
    return bool(predict(activated(activation), platform).status == "ok")


@claim("C217")
def relu_is_free(_claim: Claim) -> None:
    for platform in PLATFORMS:
        assert operators_s(activated("relu"), platform) <= FREE * operators_s(dwconv(28, 96, 3), platform), platform


@claim("C218")
def only_relu_and_relu6_are_free_everywhere(_claim: Claim) -> None:
    free = {a for a in ACTIVATIONS if all(activation_ratio(a, platform) <= FREE for platform in PLATFORMS)}
    assert free == {"relu", "relu6"}


@claim("C219")
def hard_swish_is_nearly_free(claim: Claim) -> None:
    for platform in claim.platform.split(", "):
        assert activation_ratio("hard_swish", platform) <= LARGE, platform


@claim("C220")
def hard_swish_costs_elsewhere_or_does_not_run(_claim: Claim) -> None:
    """The KPU is the exception that section 4.3 makes: one table in the pipeline does any activation."""
    for platform in ("DSP", "VPU", "TPU", "NPU"):
        assert activation_ratio("hard_swish", platform) > FREE or not runs_activation("hard_swish", platform), platform


@claim("C221")
def swish_is_large_except_on_the_kpu(_claim: Claim) -> None:
    for platform in PLATFORMS:
        assert (activation_ratio("swish", platform) > LARGE) == (platform != "KPU"), platform


@claim("C222")
def activations_cost_the_same_on_the_kpu(_claim: Claim) -> None:
    assert all(1 / FREE <= activation_ratio(a, "KPU") <= FREE for a in ACTIVATIONS)


@claim("C224")
def latency_follows_operations_of_activations_on_the_cpu(_claim: Claim) -> None:
    """ReLU and ReLU6 are both a clamp in the convolution's store loop and may tie."""
    ratios = [activation_ratio(a, "CPU") for a in ACTIVATIONS]
    assert ratios == sorted(ratios)
    assert len(set(ratios[1:])) == len(ratios) - 1


@claim("C225")
def hard_swish_is_split_on_the_npu(claim: Claim) -> None:
    assert_ratio(claim, activation_ratio("hard_swish", "NPU"))
    assert len(kernels(predict(activated("hard_swish"), "NPU"))) > 2


@claim("C226")
def swish_never_fuses(_claim: Claim) -> None:
    """No platform but the KPU, whose table takes the whole function, has it in the kernel of the convolution."""
    for platform in PLATFORMS:
        computing = kernels(predict(activated("swish"), platform))
        alone = all(k.ops == ("dwconv2d",) for k in computing if "dwconv2d" in k.ops)
        assert alone == (platform != "KPU"), platform


@claim("C227")
def extra_cost_comes_from_failed_fusion(claim: Claim) -> None:
    """Where an activation costs more, it is a kernel of its own or runs elsewhere; where it fuses, it is free."""
    for platform in claim.platform.split(","):
        fused_kernels = len(kernels(predict(activated("relu"), platform)))
        for activation in ACTIVATIONS[1:]:
            if activation_ratio(activation, platform) > LARGE:
                assert len(kernels(predict(activated(activation), platform))) > fused_kernels, (platform, activation)


def conv_growth(platform: str) -> float:
    """p where latency of a convolution grows as (OPs)^p over the kernel sizes that the platform runs (Fig. 8a)."""
    sizes = [k for k in KERNELS if predict(conv(56, 32, 32, k), platform).status == "ok"]
    times = [operators_s(conv(56, 32, 32, k), platform) for k in sizes]
    return shapes.growth_exponent([k**2 for k in sizes], times)


def dwconv_growth(platform: str) -> float:
    """p where latency of a depthwise convolution grows as (OPs)^p over its kernel size (Fig. 8b)."""
    times = [operators_s(dwconv(56, 32, k), platform) for k in DEPTHWISE_KERNELS]
    return shapes.growth_exponent([k**2 for k in DEPTHWISE_KERNELS], times)


CONSISTENT = 0.75
"""Growth exponent from which latency is "consistent" with operations, and below which it grows "much less": at the
boundary 49-fold operations cost 19-fold."""


@claim("C229")
def convolution_grows_with_operations(claim: Claim) -> None:
    for platform in claim.platform.split(", "):
        assert CONSISTENT <= conv_growth(platform) <= 1.1, platform


@claim("C230", "C238")
def depthwise_grows_much_less_than_operations(claim: Claim) -> None:
    for platform in claim.platform.split(", "):
        assert dwconv_growth(platform) < CONSISTENT, platform


@claim("C231", "C239")
def convolution_grows_much_less_than_operations(claim: Claim) -> None:
    for platform in claim.platform.split(", "):
        assert conv_growth(platform) < CONSISTENT, platform


@claim("C232")
def convolution_grows_less_elsewhere(_claim: Claim) -> None:
    least = min(conv_growth("CPU"), conv_growth("GPU"))
    for platform in PLATFORMS[2:]:
        assert conv_growth(platform) < least, platform


@claim("C233")
def depthwise_grows_on_the_tpu(_claim: Claim) -> None:
    """More than on the accelerators that section 4.4 praises, and more than a convolution does there."""
    assert dwconv_growth("TPU") > max(dwconv_growth(platform) for platform in ("NPU", "DSP", "VPU"))
    assert dwconv_growth("TPU") > conv_growth("TPU")
