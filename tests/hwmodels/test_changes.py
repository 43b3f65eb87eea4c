"""Platforms with one mechanism changed."""

from __future__ import annotations

import pytest

from stairline.hwmodels import PlatformError, derive, load, quantities
from stairline.hwmodels.files.changes import Fallback, Fused, NotLowered, Supported, Times, Unfused, Unsupported, Value
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.pricing.predict import predict


def pair():
    b = GraphBuilder("pair")
    x = b.conv2d(b.input((1, 16, 16, 8)), 8, 3, activation="relu")
    return b.build(b.layer("sigmoid", x))


def kernels(platform):
    return [k.ops for k in predict(pair(), platform).kernels if k.layers]


def test_an_operator_taken_out_of_the_fusion_table_runs_alone() -> None:
    cpu = load("CPU")
    assert kernels(cpu) == [("conv2d", "relu"), ("sigmoid",)]
    assert kernels(derive(cpu, [Unfused("relu")])) == [("conv2d",), ("relu",), ("sigmoid",)]
    assert kernels(derive(cpu, [Unfused("relu", ("conv2d",))])) == [("conv2d",), ("relu",), ("sigmoid",)]
    assert kernels(derive(cpu, [Unfused("relu", ("dense",))])) == [("conv2d", "relu"), ("sigmoid",)]


def test_a_chain_added_to_the_fusion_table_runs_as_one_kernel() -> None:
    assert kernels(derive(load("CPU"), [Fused(("conv2d", "relu", "sigmoid"))])) == [("conv2d", "relu", "sigmoid")]


def test_an_operator_that_is_not_supported_goes_to_the_fallback_and_comes_back() -> None:
    gpu = load("GPU")
    without = derive(gpu, [Unsupported("sigmoid")])
    assert predict(pair(), without).summary.status == "falls_back"
    assert predict(pair(), derive(without, [Supported("sigmoid")])).summary.status == "ok"
    other = derive(without, [Fallback("pixel4-cortexa76-tflite2.1")])
    assert "cortex-a76" in {k.processor for k in predict(pair(), other).kernels}


def test_numbers_are_set_and_multiplied() -> None:
    cpu = load("CPU")
    twice = derive(cpu, [Times("overheads.kernel_s", 2.0), Value("overheads.inference_s", 1e-3)])
    values = dict(quantities(twice.file))
    assert values["overheads.kernel_s"].value == 2.0 * dict(quantities(cpu.file))["overheads.kernel_s"].value
    assert predict(pair(), twice).latency_s > predict(pair(), cpu).latency_s + 1e-3
    assert twice.changed_from is cpu
    assert twice.digest != cpu.digest


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (Times("overheads.kernel", 2.0), "no quantity 'overheads.kernel'"),
        (Unfused("conv2d"), "no chain has 'conv2d'"),
        (Unsupported("conv2d"), "every operator runs"),
        (NotLowered("swish_as_sigmoid"), "no rule 'swish_as_sigmoid'"),
    ],
)
def test_a_change_of_what_the_platform_lacks_is_refused_with_its_name(change, complaint) -> None:
    with pytest.raises(PlatformError, match=complaint):
        derive(load("CPU"), [change])
