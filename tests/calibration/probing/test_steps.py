"""Steps found in sweeps: staircases of known width under noise, lines that have none, and a real compiler's."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.calibration.probing.steps import find_steps, next_value
from stairline.command import main


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


@settings(deadline=None, max_examples=30)
@given(
    width=st.sampled_from([16, 32, 48, 64]),
    climb=st.floats(0.5, 2.0),
    bend=st.floats(0.0, 1.0),
    noise=st.floats(0.0, 0.004),
    seed=st.integers(0, 99),
)
def test_a_width_is_told_where_latency_climbs_within_a_step_as_well(width, climb, bend, noise, seed):
    # As in a stack of layers that read as many channels as they write, with the transfer of the output.
    values = np.arange(3, 11 * width, max(width // 5, 1))
    tiles = np.ceil(values / width)
    times = 1.0 + climb * values / width + tiles * (1 - bend + bend * values / width)
    found = find_steps(values.tolist(), list(times * np.random.default_rng(seed).lognormal(0, noise, len(values))))
    assert found.width == width


@settings(deadline=None, max_examples=30)
@given(
    curve=st.sampled_from(["parabola", "root", "logarithm", "roof"]),
    bend=st.floats(0.1, 3.0),
    noise=st.floats(0.001, 0.02),
    seed=st.integers(0, 999),
)
def test_a_smooth_curve_under_noise_has_no_width(curve, bend, noise, seed):
    values = np.arange(4, 400, 4)
    x = values / 100
    times = {
        "parabola": 1 + bend * x**2,
        "root": bend + x**0.5,
        "logarithm": 12 + bend * np.log(x),
        "roof": np.maximum(bend, x),
    }
    disturbed = times[curve] * np.random.default_rng(seed).lognormal(0, noise, len(values))
    assert find_steps(values.tolist(), list(disturbed)).width is None


@settings(deadline=None, max_examples=30)
@given(cliff=st.integers(120, 280), drop=st.floats(0.5, 3.0), noise=st.floats(0.0, 0.01), seed=st.integers(0, 99))
def test_a_cliff_is_found_between_the_samples_around_it(cliff, drop, noise, seed):
    # A cache that overflows: a level and a slope more from there on, under steps of 64, each of at most 11 %.
    values = np.arange(20, 400, 10)
    times = 8.0 + values / 40 + np.ceil(values / 64)
    times = (times + (values > cliff) * drop * times) * np.random.default_rng(seed).lognormal(0, noise, len(values))
    (found,) = find_steps(values.tolist(), list(times)).cliffs
    assert found.before <= cliff < found.after


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


def probed(tmp_path: Path, text: str) -> Result:
    path = tmp_path / "sweep.csv"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["probe", str(path), "--sweep", "cout"])


def test_a_csv_of_values_and_latencies_is_probed_by_its_other_settings(tmp_path: Path) -> None:
    rows = (f"n{k}_{c},{k},{c},{0.1 * k * ceil(c / 16)}" for k in (1, 3) for c in range(4, 132, 4))
    text = probed(tmp_path, "\n".join(["net,kernel,cout,latency_ms", *rows])).stdout
    assert "sweep.csv, kernel 1, over cout\n  steps of 16" in text
    assert "sweep.csv, kernel 3, over cout\n  steps of 16" in text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("cout,ms\n8,1\n", "no column 'latency_ms'"),
        ("cout,latency_ms\n8,1\n8.5,1\n", "line 3: cout '8.5' is not a whole number"),
        ("cout,latency_ms\n8,soon\n", "line 2: latency_ms 'soon' is not a number"),
        ("cout,latency_ms\n8,-1\n", "line 2: latency_ms -1 is not positive"),
        ("cout,latency_ms\n8\n", "line 2: latency_ms '' is not a number"),
    ],
)
def test_a_csv_that_is_no_sweep_is_refused_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in probed(tmp_path, text).stderr
