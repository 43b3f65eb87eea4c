"""Building blocks: section 4.2 (Fig. 6) and the depth of the network, appendix B.3 (Fig. B.5)."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.paper import table3
from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import (
    BLOCKS,
    HALF_SIZE_DOUBLE_CHANNEL,
    LOWEST,
    PLATFORMS,
    RATIO_ERROR,
    assert_ratio,
    block,
    kernels,
    predict_block,
)
from stairline import hwmodels
from stairline.hwmodels.provenance import at_dtype
from stairline.simulator.study import shapes

BASE, WITH_SE = "MobileNetV2Block", "MobileNetV2Block+SE"
GATE = ("globalavgpool2d", "mean", "mul", "avgpool2d")
"""Operators of squeeze-and-excite that are no convolution."""


def time_s(name: str, platform: str, hw: int = 56, channels: int = 32) -> float:
    return float(predict_block(name, platform, hw, channels).operators_s)


def se_ratio(platform: str) -> float:
    """Latency of the block with squeeze-and-excite over the one without."""
    return time_s(WITH_SE, platform) / time_s(BASE, platform)


@claim("C194", "C195")
def block_is_not_supported(claim: Claim) -> None:
    assert predict_block(claim.subject, claim.platform).status != "ok"


@claim("C196")
def the_cpu_runs_every_block(_claim: Claim) -> None:
    assert {name: predict_block(name, "CPU").status for name in BLOCKS} == dict.fromkeys(BLOCKS, "ok")


COMPUTE_BOUND = ("MobileNetV1Block", "MobileNetV2Block", "MobileNetV2Block+SE", "DenseBlock")
"""The blocks of Fig. 6 without ShuffleNetV2Block, which even the CPU runs at the speed of its memory."""


@claim("C197")
def latency_follows_operations_on_the_cpu_alone(_claim: Claim) -> None:
    """Relative latency against relative operations, MobileNetV1Block being 1: within a factor of 2 on the CPU only."""
    assert spread("CPU") <= 2
    for platform in PLATFORMS[1:]:
        assert spread(platform) > 2, platform


def spread(platform: str) -> float:
    """The most that a block's share of latency differs from its share of operations, as a factor."""
    reference = time_s(COMPUTE_BOUND[0], platform) / table3.operations(block(COMPUTE_BOUND[0]))
    factors = [time_s(name, platform) / table3.operations(block(name)) / reference for name in COMPUTE_BOUND]
    return max(max(f, 1 / f) for f in factors)


def bound_share(name: str, platform: str, bound: str) -> float:
    """Share of a block's latency in kernels that this bound explains."""
    computing = kernels(predict_block(name, platform))
    return sum(k.latency_s for k in computing if k.bound == bound) / sum(k.latency_s for k in computing)


@claim("C198")
def blocks_are_compute_bound_on_the_cpu(_claim: Claim) -> None:
    for name in COMPUTE_BOUND:
        assert bound_share(name, "CPU", "compute") > 0.5, name


@claim("C199")
def shuffling_is_not_compute_bound_on_the_cpu(claim: Claim) -> None:
    assert bound_share(claim.subject, claim.platform, "compute") < 0.5


@claim("C200")
def squeeze_and_excite_is_not_compute_bound_on_the_gpu(claim: Claim) -> None:
    """A pooling that a few work items read serially waits for memory as well, whatever the bound's name."""
    assert bound_share(claim.subject, claim.platform, "compute") < 0.5


LPDDR4X_BYTES_PER_S = 4 * 16 / 8 * 2 * 2133e6
"""Four 16-bit channels, two transfers a cycle at 2133 MHz: what the Snapdragon 855 puts behind all its processors."""


@claim("C201")
def cpu_and_gpu_share_their_memory(_claim: Claim) -> None:
    """One DRAM behind both, so that the higher compute roof has the higher ridge point."""
    ridges = {}
    for name in ("CPU", "GPU"):
        platform, dtype = hwmodels.load(name), LOWEST[name]
        dram_bytes_per_s = at_dtype(platform.file.roofs.memory["dram"].bandwidth_bytes_per_s, dtype).value
        assert dram_bytes_per_s <= LPDDR4X_BYTES_PER_S
        ridges[name] = platform.machine(dtype).rules["conv2d"].roof.macs_per_s / dram_bytes_per_s
    assert hwmodels.load("CPU").file.platform.device == hwmodels.load("GPU").file.platform.device
    assert ridges["GPU"] > ridges["CPU"]


@claim("C202", "C203", "C204")
def inverted_residual_against_dense_block(claim: Claim) -> None:
    assert_ratio(claim, time_s("DenseBlock", claim.platform) / time_s(BASE, claim.platform), counted_from=1)


@claim("C207", "C208", "C209", "C210", "C211")
def squeeze_and_excite_is_longer(claim: Claim) -> None:
    assert_ratio(claim, se_ratio(claim.platform), counted_from=1)


@claim("C212")
def squeeze_and_excite_barely_costs_the_cpu(_claim: Claim) -> None:
    assert se_ratio("CPU") - 1 < 0.5
    assert se_ratio("CPU") == min(map(se_ratio, PLATFORMS))


@claim("C213")
def pooling_dominates_squeeze_and_excite_on_the_gpu(claim: Claim) -> None:
    computing = kernels(predict_block(WITH_SE, "GPU"))
    pooling_s = sum(k.latency_s for k in computing if set(k.ops) & {"globalavgpool2d", "mean", "avgpool2d"})
    assert claim.within(100 * pooling_s / time_s(WITH_SE, "GPU"), RATIO_ERROR * claim.number)


@claim("C214", "C300", "C167")
def squeeze_and_excite_leaves_the_engine(claim: Claim) -> None:
    computing = kernels(predict_block(WITH_SE, claim.platform))
    engine = {k.processor for k in computing if "conv2d" in k.ops and k.macs > 1e6}
    gate = {k.processor for k in computing if set(k.ops) & set(GATE)}
    assert engine
    assert gate
    assert not engine & gate


@claim("C215")
def squeeze_and_excite_is_large_but_on_the_cpu(_claim: Claim) -> None:
    for platform in PLATFORMS:
        assert (se_ratio(platform) > 1 + 0.5) == (platform != "CPU"), platform


def fastest(platform: str) -> list[str]:
    """The fastest block of each layer that the platform runs."""
    return [
        min((name for name in FIG_B5 if runs_at(name, platform, *at)), key=lambda name: time_s(name, platform, *at))
        for at in HALF_SIZE_DOUBLE_CHANNEL
    ]


def runs_at(name: str, platform: str, hw: int, channels: int) -> bool:
    return predict_block(name, platform, hw, channels).status != "cannot_run"


FIG_B5 = ("MobileNetV1Block", "MobileNetV2Block", "ShuffleNetV1Block", "ShuffleNetV2Block", "DenseBlock")


@claim("C359")
def no_block_is_fastest_everywhere_on_the_cpu(_claim: Claim) -> None:
    assert len(set(fastest("CPU"))) > 1


@claim("C360")
def mobilenet_v1_block_is_fastest_elsewhere(_claim: Claim) -> None:
    for platform in PLATFORMS[1:]:
        assert set(fastest(platform)) == {"MobileNetV1Block"}, platform


@claim("C361")
def mobilenet_v1_block_wins_the_large_maps(claim: Claim) -> None:
    assert [name == claim.subject for name in fastest("CPU")] == [True, True, False, False, False]


@claim("C362")
def shufflenet_v1_block_wins_the_small_maps(claim: Claim) -> None:
    winners = dict(zip((hw for hw, _ in HALF_SIZE_DOUBLE_CHANNEL), fastest("CPU")))
    assert {winners[int(hw)] for hw in claim.numbers} == {claim.subject}


@claim("C363")
def dense_block_beats_mobilenet_v1_block_at_the_end(claim: Claim) -> None:
    """More than 1 x slower is a ratio of more than 2."""
    assert_ratio(claim, time_s("MobileNetV1Block", "CPU", 7, 512) / time_s("DenseBlock", "CPU", 7, 512), counted_from=1)


def over_depth(name: str) -> list[float]:
    return [time_s(name, "CPU", hw, channels) for hw, channels in HALF_SIZE_DOUBLE_CHANNEL]


@claim("C364")
def two_blocks_keep_falling_with_depth(claim: Claim) -> None:
    for name in claim.subject.split(", "):
        assert shapes.is_falling(over_depth(name)), name


@claim("C365")
def the_others_stop_falling_with_depth(_claim: Claim) -> None:
    """The first halving saves a larger share than the last."""
    for name in ("MobileNetV1Block", "MobileNetV2Block", "ShuffleNetV2Block"):
        saved = [1 - later / earlier for earlier, later in pairwise(over_depth(name))]
        assert saved[-1] < saved[0] / 2, name


@claim("C366")
def mobilenet_blocks_are_least_at_14(_claim: Claim) -> None:
    for name in ("MobileNetV1Block", "MobileNetV2Block"):
        moved = [table3.accesses(block(name, *at)) for at in HALF_SIZE_DOUBLE_CHANNEL]
        assert least(moved) == 14, name
        assert least(over_depth(name)) == 14, name


def least(values: list[float]) -> int:
    """Height of the layer at which a value is least."""
    return HALF_SIZE_DOUBLE_CHANNEL[values.index(min(values))][0]
