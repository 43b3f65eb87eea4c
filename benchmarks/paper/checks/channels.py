"""Latency against channel counts: section 4.1, appendices B.1 and B.2, and the pruning case of section 5."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from benchmarks.paper.claims import Claim
from benchmarks.paper.registry import claim
from benchmarks.paper.scenarios import PLATFORMS, conv_over_c_out, dwconv_over_channels, model, sweep
from stairline.simulator.study import shapes
from stairline.simulator.zoo import build_block

CHANNELS = range(1, 321)
"""Wide enough for five steps of the widest staircase the paper reports."""

SHAPES: dict[str, Callable[[Sequence[float], Sequence[float]], bool]] = {
    "step": shapes.is_staircase,
    "linear": shapes.is_linear,
    "quadratic": shapes.is_quadratic,
}


@claim("C131")
def convolution_climbs_in_steps_except_on_the_kpu(_claim: Claim) -> None:
    for platform in PLATFORMS:
        ys = conv_over_c_out(platform, CHANNELS)
        stepped = shapes.is_staircase(CHANNELS, ys) or shapes.has_varying_steps(CHANNELS, ys)
        assert stepped == (platform != "KPU"), platform


@claim("C181", "C183")
def steps_have_a_width(claim: Claim) -> None:
    assert shapes.is_staircase(CHANNELS, conv_over_c_out(claim.platform, CHANNELS), claim.number)


@claim("C187")
def steps_vary_in_width_on_the_gpu(claim: Claim) -> None:
    assert shapes.has_varying_steps(CHANNELS, conv_over_c_out(claim.platform, CHANNELS))


@claim("C188", "C189", "C190", "C191")
def convolution_has_a_shape(claim: Claim) -> None:
    assert SHAPES[claim.value](CHANNELS, conv_over_c_out(claim.platform, CHANNELS))


@claim("C341", "C342", "C343", "C344", "C346")
def depthwise_convolution_has_a_shape(claim: Claim) -> None:
    assert SHAPES[claim.value](CHANNELS, dwconv_over_channels(claim.platform, CHANNELS))


@claim("C340", "C350", "C351")
def depthwise_convolution_zig_zags_on_the_cpu(claim: Claim) -> None:
    """Sampled by four channels: it rises from 16k to 16k + 12 and dips at 16(k + 1)."""
    sizes = range(4, 257, 4)
    ys = dwconv_over_channels(claim.platform, sizes)
    assert shapes.local_minima(sizes, ys) == list(range(16, 256, 16))


@claim("C345")
def depthwise_convolution_fluctuates_about_a_line_on_the_gpu(claim: Claim) -> None:
    sizes = range(4, 1001, 4)
    ys = dwconv_over_channels(claim.platform, sizes)
    assert shapes.is_linear(sizes, ys, deviation=0.25)
    assert any(later < earlier for earlier, later in pairwise(ys))


@claim("C352")
def depthwise_time_counts_the_loops(_claim: Claim) -> None:
    """The time of C channels is that of its loops: fixed by three increments, it must hold at every other C."""
    at = dict(zip(range(1, 129), dwconv_over_channels("CPU", range(1, 129))))
    loop_0, loop_1, loop_2 = at[32] - at[16], at[20] - at[16], at[17] - at[16]
    start, tolerance = at[16] - loop_0, 0.02 * (at[128] - at[1])
    for c, y in at.items():
        assert y == pytest.approx(start + c // 16 * loop_0 + c % 16 // 4 * loop_1 + c % 4 * loop_2, abs=tolerance), c


@claim("C355")
def the_main_loop_is_cheaper_than_four_of_the_second(_claim: Claim) -> None:
    at_16, at_20, at_32 = dwconv_over_channels("CPU", (16, 20, 32))
    assert at_32 - at_16 < 4 * (at_20 - at_16)


@claim("C356")
def depthwise_channels_are_not_padded(_claim: Claim) -> None:
    """Padding would make 17, 18 and 19 channels cost the same."""
    at_17, at_18, at_19 = dwconv_over_channels("CPU", (17, 18, 19))
    assert at_17 < at_18 < at_19


@claim("C357")
def depthwise_runs_as_dense_convolution_on_the_npu(_claim: Claim) -> None:
    """Dense filters for C channels are C x C: doubling C more than doubles the time, and zeros are skipped."""
    at_512, at_1024 = dwconv_over_channels("NPU", (512, 1024))
    assert 2 < at_1024 / at_512 <= 4.2
    macs_per_s = 7 * 7 * 9 * 1024 / at_1024
    dense_per_s = 7 * 7 * 9 * 1024**2 / at_1024
    assert macs_per_s < 1920 * 800e6 < dense_per_s


@claim("C358")
def depthwise_has_the_shape_of_convolution(_claim: Claim) -> None:
    for platform, shape in (("DSP", shapes.is_staircase), ("VPU", shapes.is_staircase), ("KPU", shapes.is_linear)):
        assert shape(CHANNELS, conv_over_c_out(platform, CHANNELS)), platform
        assert shape(CHANNELS, dwconv_over_channels(platform, CHANNELS)), platform


@claim("C311")
def widths_worth_trying(claim: Claim) -> None:
    assert len(free_widths()) == claim.number
    assert free_widths() == [8, 16, 24, 32]


@claim("C313")
def the_search_space_shrinks(_claim: Claim) -> None:
    assert (len(CANDIDATES), len(free_widths()), LAYERS) == (30, 4, 14)


@claim("C314")
def choices_per_layer_shrink(claim: Claim) -> None:
    assert claim.within(len(CANDIDATES) / len(free_widths()))


@claim("C315")
def choices_in_all_shrink(claim: Claim) -> None:
    assert claim.within((len(CANDIDATES) / len(free_widths())) ** LAYERS)


CANDIDATES = range(int(0.1 * 32), 32 + 1)
"""MetaPruning's widths of MobileNetV1's first layer, by ones."""

LAYERS = sum(layer.op == "conv2d" for layer in model("MobileNetV1").layers)


def free_widths() -> list[int]:
    """The most channels of every latency step of MobileNetV1's first layer on the CPU."""
    sizes = range(CANDIDATES.start, CANDIDATES.stop + 1)
    ys = sweep("CPU", lambda c_out: build_block("conv", 224, 3, 3, 2, c_out=c_out), sizes)
    return [int(x) for x in shapes.edges(sizes, ys)]
