"""Steps found in sweeps: staircases of known width under noise, lines that have none, and a real compiler's."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.steps import find_steps, next_value


def staircase(values: list[int], width: int, base: float = 0.5) -> list[float]:
    """A fixed cost and one unit a tile."""
    return [base + ceil(value / width) for value in values]


@settings(deadline=None)
@given(
    width=st.sampled_from([4, 8, 16, 32]),
    sparse=st.booleans(),
    base=st.floats(0.0, 2.0),
    noise=st.floats(0.0, 0.004),
    seed=st.integers(0, 99),
)
def test_the_width_of_a_staircase_is_found(width: int, sparse: bool, base: float, noise: float, seed: int) -> None:
    values = list(range(1, 8 * width + 2, width // 4 if sparse else 1))
    random = np.random.default_rng(seed)
    times = staircase(values, width, base) * random.lognormal(0, noise, len(values))
    assert find_steps(values, list(times)).width == width


@given(slope=st.floats(0.001, 1.0), base=st.floats(0.1, 10.0), seed=st.integers(0, 99))
def test_a_line_has_no_steps(slope: float, base: float, seed: int) -> None:
    values = list(range(1, 200))
    random = np.random.default_rng(seed)
    times = (base + slope * np.array(values)) * random.lognormal(0, 0.003, len(values))
    assert find_steps(values, list(times)).width is None


@given(slope=st.floats(0.001, 10.0), base=st.floats(0.0, 10.0), first=st.integers(1, 50))
def test_an_exact_line_has_no_edges(slope: float, base: float, first: int) -> None:
    values = list(range(first, first + 150))
    assert find_steps(values, [base + slope * value for value in values]).edges == ()


@given(st.permutations(list(range(1, 65))))
def test_the_order_of_measuring_does_not_matter(order: list[int]) -> None:
    assert find_steps(order, staircase(order, 8)) == find_steps(sorted(order), staircase(sorted(order), 8))


def test_a_staircase_that_widens_is_told_by_its_wide_part() -> None:
    # XNNPACK on AVX-512: one step at 16 channels, then at every multiple of 32.
    values = list(range(4, 260, 4))
    times = [1.0 if value <= 16 else 2.0 * ceil(value / 32) for value in values]
    found = find_steps(values, times)
    assert found.width == 32
    assert [(edge.before, edge.after) for edge in found.others] == [(16, 20)]


def test_a_cliff_stands_out_of_the_steps() -> None:
    values = list(range(8, 400, 8))
    times = [ceil(value / 64) * (1.0 if value <= 210 else 1.7) for value in values]
    found = find_steps(values, times)
    assert found.width == 64
    assert [(edge.before, edge.after) for edge in found.others] == [(208, 216)]


def test_one_jump_alone_has_no_width() -> None:
    values = list(range(1, 40))
    found = find_steps(values, [1.0 if value < 20 else 2.0 for value in values])
    assert (found.width, len(found.edges)) == (None, 1)


def test_the_next_value_halves_the_widest_gap_until_edges_are_exact() -> None:
    values = list(range(1, 142, 12))
    times = staircase(values, 32)
    asked = []
    while (value := next_value(values, times)) is not None:
        asked.append(value)
        values, times = [*values, value], [*times, *staircase([value], 32)]
    found = find_steps(values, times)
    assert [edge.before for edge in found.edges] == [32, 64, 96, 128]
    assert found.width == 32
    assert len(asked) <= 4 * 4  # Each of four edges lies in a gap of twelve: four halvings find it.


# Cycles of Vela 5.2 for an Ethos-U55-128: a 3x3 convolution over 28x28x64 with 4, 6, ... output channels, at 500 MHz.
VELA_US = (
    *(61.1, 61.7, 70.0, 130.2, 132.5, 134.7, 134.7, 190.9, 190.9, 190.9, 190.8, 247.7, 247.7, 247.7, 247.7, 304.1),
    *(304.1, 304.2, 304.1, 360.6, 360.5, 360.6, 360.4, 417.0, 417.0, 416.9, 417.2, 473.5, 473.6, 473.5, 473.5, 529.8),
)


def test_a_compilers_eight_channel_steps_are_found_in_its_own_numbers() -> None:
    values = [4 + 2 * place for place in range(len(VELA_US))]
    assert find_steps(values, [us / 1e6 for us in VELA_US]).width == 8


def test_what_is_no_sweep_is_refused() -> None:
    with pytest.raises(ValueError, match="7 values are too few"):
        find_steps(range(1, 8), [1.0] * 7)
    with pytest.raises(ValueError, match="is no time"):
        find_steps(range(1, 10), [1.0] * 8 + [float("nan")])
