"""The reference convolution in groups: hand-worked times."""

from __future__ import annotations

import pytest

from stairline.hwmodels import load
from stairline.hwmodels.kernels.base import Roof, Work
from stairline.hwmodels.kernels.processors.reference_conv import ReferenceConv, reference_conv

ROOF = Roof(20e9, 10e9, 10e9, 10e9, 2.84e9, 4.0, 0.0)
LOOPS = ReferenceConv(
    mac_s=0.4e-9,
    tap_s=1e-9,
    output_s=5e-9,
    addition_s=1e-9,
    overlap_s=12e-9,
    kernel_s=2e-6,
    epilogue_s_per_element=0.5e-9,
)


def conv(hw: int, channels: int, kernel: int, groups: int) -> Work:
    outputs, weights = hw * hw * channels, kernel * kernel * channels * channels // groups
    return Work(
        1, hw, hw, channels, hw, hw, channels, kernel, kernel, 1, 1, 1, 1, groups, hw * hw * weights, 0, 0,
        outputs, outputs, weights, 0, 1,
    )  # fmt: skip


def test_few_channels_of_a_group_take_a_tap_and_their_products():
    """1x1 over 4 channels of a group: 5 + 1 + 4 x 0.4 = 7.6 ns for each of 8 x 8 x 16 outputs."""
    assert reference_conv(conv(8, 16, 1, 4), ROOF, LOOPS).compute_s == pytest.approx(1024 * 7.6e-9)


def test_many_channels_of_a_group_wait_for_each_other_s_additions():
    """1x1 over 64 channels: 64 x 1 - 12 = 52 ns of additions exceed 1 + 64 x 0.4 = 26.6 ns."""
    assert reference_conv(conv(8, 128, 1, 2), ROOF, LOOPS).compute_s == pytest.approx(8 * 8 * 128 * 57e-9)


def test_taps_on_padding_are_left_out():
    """3x3 on a map of 4 x 4: 10 of 12 taps of each axis lie on the map, so 25 / 36 of nine."""
    tap_s = 1e-9 + 4 * 0.4e-9
    expected_s = 4 * 4 * 8 * (5e-9 + 9 * 25 / 36 * tap_s)
    assert reference_conv(conv(4, 8, 3, 2), ROOF, LOOPS).compute_s == pytest.approx(expected_s)


def test_nothing_hides_reading_parameters_and_storing_results():
    cost = reference_conv(conv(8, 16, 1, 4), ROOF, LOOPS)
    assert cost.weights_s == pytest.approx(64 * 4 / 10e9)
    assert cost.epilogue_s == pytest.approx(1024 * 0.5e-9)
    assert cost.latency_s == pytest.approx(sum(cost.bounds_s.values()))


def test_a_platform_may_have_another_kernel_for_convolutions_in_groups():
    machine = load("x86-builtin-litert").machine()
    assert machine.rule_for("conv2d", 4).model == "reference_conv"
    assert machine.rule_for("conv2d_transpose", 2).model == "reference_conv"
    assert machine.rule_for("conv2d", 1).model == machine.rule_for("dense").model == "vector_gemm"
    assert machine.rule_for("dwconv2d", 32).model == "unrolled_channels"


def test_a_platform_without_such_a_kernel_runs_them_under_the_rule_of_the_operator():
    machine = load("x86-onnxruntime").machine()
    assert machine.rule_for("conv2d", 4) is machine.rules["conv2d"]
    assert machine.rule_for("no_such_operator", 4) is None
