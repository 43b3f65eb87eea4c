"""Table 4 and what section 4.5 reads from it: latency by model, platform and precision."""

from __future__ import annotations

from benchmarks.paper.claims import Claim, load_claims
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import (
    MODEL_ERROR,
    PRECISIONS,
    RATIO_ERROR,
    assert_ratio,
    latency_ms,
    operators_s,
    pair,
    predict_model,
)

TABLE_4 = tuple(claim for claim in load_claims() if claim.section == "Table 4")
LATENCIES = tuple(claim for claim in TABLE_4 if claim.metric == "end-to-end latency")
RATIOS = tuple(claim for claim in load_claims() if claim.kind == "derived ratio")
UNSUPPORTED = tuple(claim for claim in TABLE_4 if claim.metric == "support")


@claim(*(row.id for row in LATENCIES))
def latency(claim: Claim) -> None:
    error = latency_error(claim)
    assert abs(error) <= MODEL_ERROR, f"{claim.id}: {error:+.1%} against {claim.value} ms published"


def latency_error(claim: Claim) -> float:
    """Predicted over published latency, minus 1."""
    return latency_ms(claim.subject, claim.platform, claim.precision) / claim.number - 1


@claim(*(row.id for row in RATIOS))
def ratio_of_two_latencies(claim: Claim) -> None:
    """ "B vs A" is the latency of A over that of B."""
    platforms, precisions = both(claim.platform), both(claim.precision)
    after, before = (latency_ms(claim.subject, *at) for at in zip(platforms, precisions, strict=True))
    assert_ratio(claim, before / after)


def both(text: str) -> tuple[str, str]:
    """The two sides of "B vs A", or the same twice."""
    first, _, second = text.partition(" vs ")
    return first, second or first


def speedup(claim: Claim, name: str) -> float:
    """How much faster a model gets from the second precision of the claim to the first."""
    after, before = (latency_ms(name, claim.platform, precision) for precision in both(claim.precision))
    return before / after


@claim(*(row.id for row in UNSUPPORTED))
def model_is_not_supported(claim: Claim) -> None:
    assert predict_model(claim.subject, claim.platform, PRECISIONS[claim.precision]).status != "ok"


@claim("C301")
def the_npu_runs_the_models_of_the_table_but_one(_claim: Claim) -> None:
    refused = {name for name in table_models() if predict_model(name, "NPU").status == "cannot_run"}
    assert refused <= {"ShuffleNetV1"}
    assert predict_model("ShuffleNetV1", "NPU").status != "ok"


def table_models() -> list[str]:
    """The models of Table 4, in its order."""
    return list(dict.fromkeys(row.subject for row in LATENCIES))


@claim("C123")
def v3_is_faster_than_v2_on_the_cpu(claim: Claim) -> None:
    ratio = latency_ms("MobileNetV2", "CPU", "FP32") / latency_ms("MobileNetV3", "CPU", "FP32")
    assert ratio > 1
    assert claim.within(100 * (ratio - 1), 100 * RATIO_ERROR * (1 + claim.number / 100))


@claim("C124")
def v3_is_slower_than_v2_on_the_vpu(claim: Claim) -> None:
    ratio = latency_ms("MobileNetV3", "VPU", "FP16") / latency_ms("MobileNetV2", "VPU", "FP16")
    assert ratio > 1
    assert claim.within(100 * (ratio - 1), 100 * RATIO_ERROR * (1 + claim.number / 100))


@claim("C241")
def squeeze_and_excite_limits_the_npu(claim: Claim) -> None:
    """INT8 is UINT8 here: 105.2 / 41.5."""
    ratio = latency_ms("MobileNetV3", "NPU", "FP16") / latency_ms("MobileNetV3", "NPU", "UINT8")
    assert_ratio(claim, ratio)


@claim("C242")
def int8_is_bounded_on_the_cpu(claim: Claim) -> None:
    assert_ratio(claim, max(speedup(claim, name) for name in table_models()))


@claim("C243")
def int8_slows_shufflenet_v1(claim: Claim) -> None:
    slower = 1 / speedup(claim, "ShuffleNetV1")
    assert slower > 1
    assert claim.within(100 * (slower - 1), 100 * RATIO_ERROR * (1 + claim.number / 100))


@claim("C244")
def int8_gains_little_with_squeeze_and_excite(claim: Claim) -> None:
    gains = {name: speedup(claim, name) for name in table_models() if name != "ShuffleNetV1"}
    assert min(gains, key=gains.__getitem__) == "MobileNetV3"
    assert_ratio(claim, gains["MobileNetV3"])


@claim("C246")
def int8_slows_an_addition(claim: Claim) -> None:
    """At some size of the design space the slowdown comes near the number, and at none does it go beyond."""
    slower = [
        operators_s(pair("add", hw, c), "CPU", "int8") / operators_s(pair("add", hw, c), "CPU", "float32")
        for hw in (56, 28, 14, 7)
        for c in (32, 128, 512)
    ]
    assert max(slower) > 1
    assert claim.within(max(slower), RATIO_ERROR * claim.number)


@claim("C248")
def float16_gains_no_more_than_its_ideal(claim: Claim) -> None:
    for name in table_models():
        if name != "ShuffleNetV1":
            assert 1 < speedup(claim, name) <= claim.number * (1 + RATIO_ERROR)


@claim("C249", "C250")
def speedups_lie_in_a_range(claim: Claim) -> None:
    low, high = claim.numbers
    for name in table_models():
        if name != "ShuffleNetV1":
            ratio = speedup(claim, name)
            assert claim.within(ratio, RATIO_ERROR * (low if ratio < low else high)), f"{name}: {ratio:.2f}"
