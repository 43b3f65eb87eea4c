"""Padded products and unrolled loops: hand-worked times, and laws that hold at any size and any rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels.kernels.base import Cost, Roof, Work
from stairline.hwmodels.kernels.processors.tiled_gemm import TiledGemm, tiled_gemm
from stairline.hwmodels.kernels.processors.unrolled_channels import UnrolledChannels, unrolled_channels

ROOF = Roof(20e9, 10e9, 10e9, 10e9, 2.84e9, 4.0, 0.0, 2.5e6, 40e9)
TILES = TiledGemm(efficiency=0.8, kernel_s=1e-6, epilogue_s_per_element=1e-10, tile_m=8, tile_n=8, tile_k=4)
LOOPS = UnrolledChannels(
    tap_s=1e-9,
    kernel_s=0.0,
    epilogue_s_per_element=0.0,
    unroll_wide=16,
    unroll_narrow=4,
    narrow_slowdown=1.5,
    scalar_slowdown=4,
)
SIZES = st.integers(1, 64)
KERNELS = st.sampled_from([1, 3, 5, 7])


def conv(hw: int, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> Work:
    out = -(-hw // stride)
    macs = out * out * c_out * kernel * kernel * c_in // groups
    return Work(
        1, hw, hw, c_in, out, out, c_out, kernel, kernel, stride, stride, 1, 1, groups, macs, 0, 0,
        hw * hw * c_in, out * out * c_out, (kernel * kernel * c_in // groups + 1) * c_out, 0, 1,
    )  # fmt: skip


def dwconv(hw: int, channels: int, kernel: int = 3) -> Work:
    return conv(hw, channels, channels, kernel, groups=channels)


def gemm(*sizes: int) -> Cost:
    return tiled_gemm(conv(*sizes), ROOF, TILES)


@given(hw=SIZES, c_in=SIZES, c_out=SIZES, kernel=KERNELS)
def test_padded_work_is_a_staircase_in_output_channels_alone(hw, c_in, c_out, kernel):
    """All widths of a tile compute the same, and the next tile adds one tile's work."""
    tile = -(-c_out // 8)
    assert gemm(hw, c_in, c_out, kernel).compute_s == gemm(hw, c_in, 8 * tile, kernel).compute_s
    one = gemm(hw, c_in, 8, kernel).compute_s
    assert gemm(hw, c_in, c_out, kernel).compute_s == pytest.approx(tile * one)


@given(hw=SIZES, c_in=SIZES, c_out=SIZES, kernel=KERNELS, more=SIZES)
def test_larger_products_never_take_less(hw, c_in, c_out, kernel, more):
    base = gemm(hw, c_in, c_out, kernel).latency_s
    assert gemm(hw + more, c_in, c_out, kernel).latency_s >= base
    assert gemm(hw, c_in + more, c_out, kernel).latency_s >= base
    assert gemm(hw, c_in, c_out + more, kernel).latency_s >= base
    assert gemm(hw, c_in, c_out, kernel + 2).latency_s >= base


@given(hw=SIZES, c_in=SIZES, c_out=SIZES, kernel=KERNELS, stride=st.integers(1, 3))
def test_no_product_beats_the_roofline(hw, c_in, c_out, kernel, stride):
    """Neither the peak rate nor the fastest memory, the caches' 40 GB/s, can be exceeded."""
    work = conv(hw, c_in, c_out, kernel, stride)
    latency_s = tiled_gemm(work, ROOF, TILES).latency_s
    assert latency_s >= work.macs / 20e9
    assert latency_s >= 4 * (work.input_elements + work.output_elements) / 40e9
    assert latency_s >= 4 * work.weight_elements / 10e9


@given(hw=SIZES, channels=SIZES, kernel=KERNELS)
def test_no_depthwise_convolution_beats_its_fastest_loop_or_the_memory(hw, channels, kernel):
    work = dwconv(hw, channels, kernel)
    latency_s = unrolled_channels(work, ROOF, LOOPS).latency_s
    assert latency_s >= work.macs * 1e-9 * (1 - 1e-12)
    assert latency_s >= 4 * (work.input_elements + work.output_elements) / 40e9


@pytest.mark.parametrize(
    ("channels", "wide_equivalents"),
    [
        (16, 16.0),
        (28, 16 + 12 * 1.5),
        (32, 32.0),
        (23, 16 + 4 * 1.5 + 3 * 4),
        (3, 3 * 4.0),
    ],
)
def test_channels_go_by_sixteen_then_four_then_one(channels, wide_equivalents):
    """7 * 7 pixels and 9 taps at 1 ns a channel."""
    assert unrolled_channels(dwconv(7, channels), ROOF, LOOPS).compute_s == pytest.approx(
        7 * 7 * 9 * wide_equivalents * 1e-9
    )


def test_the_loop_over_pixels_costs_the_same_whatever_the_channels():
    """5 ns for each of 7 * 7 * 9 pixels and taps, on top of the channels."""
    looped = LOOPS._replace(pixel_s=5e-9)
    for channels in (16, 17, 64):
        extra_s = unrolled_channels(dwconv(7, channels), ROOF, looped).compute_s
        extra_s -= unrolled_channels(dwconv(7, channels), ROOF, LOOPS).compute_s
        assert extra_s == pytest.approx(7 * 7 * 9 * 5e-9)


def test_a_special_kernel_takes_3x3_filters_over_whole_blocks_only():
    """A tenth of a nanosecond a tap and channel, where it applies."""
    special = LOOPS._replace(tap_3x3_s=1e-10)
    assert unrolled_channels(dwconv(7, 24, 3), ROOF, special).compute_s == pytest.approx(7 * 7 * 9 * 24 * 1e-10)
    for channels, kernel in ((24, 5), (20, 3)):
        work = dwconv(7, channels, kernel)
        assert unrolled_channels(work, ROOF, special) == unrolled_channels(work, ROOF, LOOPS)


def test_caches_serve_the_first_bytes_and_memory_the_rest():
    """256 * 256 * 8 in and out are 4,194,304 bytes: 2.5e6 at 40 GB/s, the others at 10 GB/s."""
    cost = tiled_gemm(conv(256, 8, 8, 1), ROOF, TILES)
    assert cost.memory_s == pytest.approx(2.5e6 / 40e9 + (4_194_304 - 2.5e6) / 10e9)
