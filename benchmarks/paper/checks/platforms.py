"""Hardware and runtime facts that the platform files state: Table 2, section 3.2 and the mechanisms of appendix B."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import LOWEST, PLATFORMS, PRECISIONS, conv, kernels, operators_s, pair, predict
from stairline import hwmodels
from stairline.hwmodels import Machine, Platform
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph

MACS_PER_S = {
    "C108": (23e9, 23e9),
    "C110": (840e9 / 2, 840e9 / 2),
    "C112": (256e9 / 2, 256e9),
    "C114": (256 * 700e6, 5e12 / 2),
    "C116": (4e12 / 2, 4e12 / 2),
    "C118": (0.5e12 / 2, 0.5e12 / 2),
    "C120": (3e12 / 2, 3e12 / 2),
}
"""The peaks of Table 2 in MAC/s, lowest and highest reading; the reason column of each claim says why."""

PEAK_ROUNDING = 0.1
"""Table 2 rounds its peaks to one or two digits."""


def platform(name: str) -> Platform:
    return hwmodels.load(name)


def machine(name: str, dtype: str | None = None) -> Machine:
    return platform(name).machine(dtype or LOWEST[name])


def macs_per_cycle(name: str, dtype: str | None = None) -> float:
    """Peak rate of the convolution's engine."""
    roof = machine(name, dtype).rules["conv2d"].roof
    return roof.macs_per_s / roof.clock_hz


def parameters(name: str, op: str, dtype: str | None = None) -> dict[str, Any]:
    """Parameters of the kernel model that runs an operator."""
    return machine(name, dtype).rules[op].parameters._asdict()


@claim("C108", "C110", "C112", "C114", "C116", "C118", "C120")
def peak_rate(claim: Claim) -> None:
    peak = machine(claim.platform).rules["conv2d"].roof.macs_per_s
    low, high = MACS_PER_S[claim.id]
    assert low * (1 - PEAK_ROUNDING) <= peak <= high * (1 + PEAK_ROUNDING)


@claim("C122")
def one_core_of_the_cpu(_claim: Claim) -> None:
    """One core issues two 4-lane multiply-adds per cycle; the peak is one core's."""
    assert macs_per_cycle("CPU", "float32") == 2 * 4


@claim("C109", "C111", "C113", "C115", "C117", "C119", "C121")
def precisions_of_a_platform(claim: Claim) -> None:
    assert set(platform(claim.platform).dtypes) == {PRECISIONS[name] for name in claim.items}


@claim("C179")
def precision_of_the_analysis(claim: Claim) -> None:
    """What a prediction uses when no precision is named: the claim's on the CPU, the last of Table 2's elsewhere."""
    assert platform(claim.platform).dtypes[0] == PRECISIONS[claim.value]
    assert {name: platform(name).dtypes[0] for name in PLATFORMS} == LOWEST


@claim("C151")
def precisions_by_name(claim: Claim) -> None:
    assert all_precisions() == {PRECISIONS[name] for name in claim.items}


@claim("C153")
def number_of_precisions(claim: Claim) -> None:
    assert len(all_precisions()) == claim.number


def all_precisions() -> set[str]:
    return {dtype for name in PLATFORMS for dtype in platform(name).dtypes}


@claim("C129")
def number_of_platforms(claim: Claim) -> None:
    assert len({platform(name).name for name in PLATFORMS}) == claim.number


@claim("C332", "C333", "C334", "C335")
def clock(claim: Claim) -> None:
    hertz = claim.number * {"GHz": 1e9, "MHz": 1e6}[claim.unit]
    assert {machine(claim.platform, d).rules["conv2d"].roof.clock_hz for d in platform(claim.platform).dtypes} == {
        hertz
    }


@claim("C160", "C161", "C162")
def npu_engine(claim: Claim) -> None:
    dtypes = {"C160": ("uint8", "dfp8"), "C161": ("dfp16",), "C162": ("float16",)}[claim.id]
    assert {macs_per_cycle("NPU", dtype) for dtype in dtypes} == {claim.number}


@claim("C163")
def npu_vector_unit(claim: Claim) -> None:
    """At one operation a cycle, multiplying takes a cycle per element at least."""
    rule = machine("NPU").rules["mul"]
    elements = prod((56, 56, 192))
    kernel_s = operators_s(pair("mul", 56, 192), "NPU")
    assert kernel_s >= claim.number * elements / rule.roof.clock_hz


@claim("C164", "C165", "C166")
def neon_lanes(claim: Claim) -> None:
    """Two pipes: FP32 fills a lane with a multiply-add, INT8 dot products fill a lane of 32 bits with four."""
    lanes = {"C164": claim.number / 32, "C165": claim.number, "C166": claim.number}[claim.id]
    assert macs_per_cycle("CPU", "int8" if claim.id == "C166" else "float32") == 2 * lanes


@claim("C245")
def int8_ideal_on_the_cpu(claim: Claim) -> None:
    assert macs_per_cycle("CPU", "int8") / macs_per_cycle("CPU", "float32") == claim.number


@claim("C247")
def int8_is_requantised_on_the_cpu(_claim: Claim) -> None:
    """To requantise INT32 accumulators costs the CPU more per output element than to store sums in FP32."""
    for op in ("conv2d", "dwconv2d"):
        stored, requantised = (parameters("CPU", op, dtype)["epilogue_s_per_element"] for dtype in ("float32", "int8"))
        assert requantised > stored, op


@claim("C182")
def ruy_block(_claim: Claim) -> None:
    tiles = parameters("CPU", "conv2d", "float32")
    assert (tiles["tile_m"], tiles["tile_n"], tiles["tile_k"]) == (8, 8, 1)


@claim("C154", "C184")
def depth32_block_fills_a_vector(claim: Claim) -> None:
    tiles = parameters("DSP", "conv2d")
    assert tiles["tile_w"] * tiles["tile_c"] * 8 == claim.number


@claim("C185", "C186")
def depth32_padding(claim: Claim) -> None:
    key = {"C185": "tile_w", "C186": "tile_c"}[claim.id]
    assert parameters("DSP", "conv2d")[key] == claim.number


@claim("C168")
def kpu_pipeline(_claim: Claim) -> None:
    """Convolution, batch normalisation, activation and pooling are one kernel; another chain is more than one."""
    assert len(kernels(predict(pipeline("batch_norm", "relu", "maxpool2d"), "KPU"))) == 1
    assert len(kernels(predict(pipeline("relu", "add"), "KPU"))) > 1


def pipeline(*ops: str) -> Graph:
    b = GraphBuilder("pipeline")
    x = y = b.input((1, 56, 56, 32))
    y = b.conv2d(y, 32, 3)
    for op in ops:
        y = b.pool(op, y, 2, 2) if op == "maxpool2d" else b.layer(op, y, x) if op == "add" else b.layer(op, y)
    return b.build(y)


@claim("C339")
def work_groups_divide_the_grid(_claim: Claim) -> None:
    """A search for the best work group makes latency depend on how the grid divides: it is not monotone in width."""
    times = [operators_s(conv(hw, 64, 64, 3), "GPU") for hw in range(8, 65)]
    assert any(later < earlier for earlier, later in pairwise(times))


@claim("C347", "C348", "C349")
def unrolled_loops(claim: Claim) -> None:
    rule = parameters("CPU", "dwconv2d", "float32")
    assert {"C347": rule["unroll_wide"], "C348": rule["unroll_narrow"], "C349": 1}[claim.id] == claim.number


@claim("C353", "C354")
def registers_of_a_loop(claim: Claim) -> None:
    """Input, filter and result take as many 128-bit registers each as the loop's channels fill: "4x3" and 3 x 1."""
    key = {"C353": "unroll_wide", "C354": "unroll_narrow"}[claim.id]
    each = claim.numbers[0] if "x" in claim.value else claim.number / 3
    assert parameters("CPU", "dwconv2d", "float32")[key] == each * 128 / 32
