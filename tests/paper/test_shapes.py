"""The shape words mean what they say, on curves whose shape is known by construction."""

from __future__ import annotations

import math

import pytest

from stairline.simulator.study import shapes

CHANNELS = list(range(1, 257))
LINE = [3.0 + 0.5 * c for c in CHANNELS]
PARABOLA = [3.0 + 0.01 * c * c for c in CHANNELS]


def stairs(width: int, slope: float = 0.0) -> list[float]:
    return [2.0 + math.ceil(c / width) + slope * c / width for c in CHANNELS]


@pytest.mark.parametrize("width", [8, 16, 64])
def test_stairs_of_a_width_are_a_staircase_of_that_width_only(width: int) -> None:
    ys = stairs(width)
    assert shapes.is_staircase(CHANNELS, ys, width)
    assert shapes.is_staircase(CHANNELS, ys)
    assert not shapes.is_staircase(CHANNELS, ys, width // 2)
    assert not shapes.is_staircase(CHANNELS, ys, 2 * width)


def test_steps_end_where_the_next_multiple_begins() -> None:
    assert shapes.edges(CHANNELS, stairs(64)) == [64, 128, 192]
    assert shapes.step_widths(CHANNELS, stairs(64)) == [64, 64]


def test_a_slight_slope_on_the_treads_leaves_a_staircase_and_a_strong_one_does_not() -> None:
    assert shapes.is_staircase(CHANNELS, stairs(8, slope=0.1), 8)
    assert not shapes.is_staircase(CHANNELS, stairs(8, slope=1.0))


def test_a_staircase_with_one_step_missing_has_not_the_width() -> None:
    ys = [y - (c > 64) for c, y in zip(CHANNELS, stairs(8))]
    assert not shapes.is_staircase(CHANNELS, ys, 8)


@pytest.mark.parametrize("ys", [LINE, PARABOLA, [5.0] * 256], ids=["line", "parabola", "flat"])
def test_smooth_curves_are_no_staircase(ys: list[float]) -> None:
    assert not shapes.is_staircase(CHANNELS, ys)


def test_steps_of_two_widths_vary_and_steps_of_one_do_not() -> None:
    mixed = [float(sum(c > edge for edge in (16, 48, 64, 128, 144))) for c in CHANNELS]
    assert shapes.has_varying_steps(CHANNELS, mixed)
    assert not shapes.has_varying_steps(CHANNELS, stairs(16))
    assert not shapes.has_varying_steps(CHANNELS, LINE)


def test_a_line_is_linear_and_nothing_else_here_is() -> None:
    assert shapes.is_linear(CHANNELS, LINE)
    assert shapes.is_linear(CHANNELS, [y + (c % 2) for c, y in zip(CHANNELS, LINE)])
    assert not shapes.is_linear(CHANNELS, PARABOLA)
    assert not shapes.is_linear(CHANNELS, stairs(64))
    assert not shapes.is_linear(CHANNELS, LINE[::-1])


def test_only_a_curve_that_its_square_term_carries_is_quadratic() -> None:
    assert shapes.is_quadratic(CHANNELS, PARABOLA)
    assert shapes.is_quadratic(CHANNELS, [y + 0.5 * c for c, y in zip(CHANNELS, PARABOLA)])
    assert not shapes.is_quadratic(CHANNELS, LINE)
    assert not shapes.is_quadratic(CHANNELS, [y + 5 * c for c, y in zip(CHANNELS, PARABOLA)])


def test_minima_of_a_zig_zag_are_where_it_dips() -> None:
    """A main loop of 16 and a remainder loop of 4: it dips only where four remainders cost more than one main loop."""
    xs = list(range(4, 129, 4))
    assert shapes.local_minima(xs, [c // 16 * 2.0 + c % 16 // 4 for c in xs]) == [16, 32, 48, 64, 80, 96, 112]
    assert shapes.local_minima(xs, [c // 16 * 4.0 + c % 16 // 4 for c in xs]) == []


def test_order_is_compared_by_rank() -> None:
    assert shapes.same_order([1, 2, 3], [10, 20, 900])
    assert not shapes.same_order([1, 2, 3], [10, 30, 20])


def test_falling_allows_no_plateau() -> None:
    assert shapes.is_falling([3, 2, 1])
    assert not shapes.is_falling([3, 2, 2])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_growth_exponent_of_a_power_is_the_power(power: float) -> None:
    xs = [9.0, 25.0, 49.0]
    assert shapes.growth_exponent(xs, [7 * x**power for x in xs]) == pytest.approx(power)
