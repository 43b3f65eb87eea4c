"""Energy: power traces with known answers, and the counters of a processor laid out as Linux does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stairline.measure.energy.trace import Energy, Vector, energy, read_trace, trace
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.rapl import energy_counters, spent_j

HZ = 1000.0
START, TAIL = 1500, 600


def inferences(
    period: float, count: int, *, noise: float = 0.0, drift: float = 0.0, spikes: int = 0, seed: int = 0
) -> tuple[Vector, Vector, float]:
    """Times, watts and the true mean power of a load-up, ``count`` inferences of ``period`` samples, and a silence."""
    random = np.random.default_rng(seed)
    phase = np.arange(int(count * period)) / period % 1
    pattern = 2.0 + 1.2 * (phase < 0.4) + 0.6 * ((phase > 0.6) & (phase < 0.8))
    idle, loading = np.full(START // 3, 1.0), np.repeat(random.uniform(1.5, 4.0, START // 37 + 1), 37)
    watts = np.concatenate([idle, loading[: START - len(idle)], pattern, np.full(TAIL, 1.0)])
    trend = drift * np.linspace(0, 1, len(watts))
    watts += trend + random.normal(0, noise, len(watts))
    watts[random.integers(0, len(watts), spikes)] += 5.0
    middle = trend[START : START + len(pattern)].mean()
    return np.arange(len(watts)) / HZ, watts, float(pattern.mean() + middle)


@settings(deadline=None, max_examples=30)
@given(
    period=st.floats(12.0, 80.0),
    count=st.integers(100, 250),
    noise=st.floats(0.0, 0.3),
    drift=st.floats(-0.3, 0.3),
    seed=st.integers(0, 1000),
)
def test_the_energy_of_a_synthetic_trace_is_found(
    period: float, count: int, noise: float, drift: float, seed: int
) -> None:
    times_s, watts, power_w = inferences(period, count, noise=noise, drift=drift, seed=seed)
    found = energy(trace("t", times_s, watts))
    assert found.period_s == pytest.approx(period / HZ, rel=0.01)
    assert found.power_w == pytest.approx(power_w, rel=0.03)
    assert found.energy_j == pytest.approx(power_w * period / HZ, rel=0.04)


@pytest.mark.xfail(strict=True, reason="of a drifting trace with 8 samples to an inference the power is 21 % low")
def test_the_power_of_inferences_of_eight_samples_is_found() -> None:
    times_s, watts, power_w = inferences(8.0, 100, noise=0.0, drift=0.25, seed=106)
    assert energy(trace("t", times_s, watts)).power_w == pytest.approx(power_w, rel=0.03)


def test_the_start_up_and_the_silence_stay_out() -> None:
    times_s, watts, power_w = inferences(23.7, 140, noise=0.2)
    first_s, last_s = energy(trace("t", times_s, watts)).stage_s
    assert START / HZ <= first_s < last_s <= (START + 140 * 23.7) / HZ
    assert last_s - first_s > 0.8 * 140 * 23.7 / HZ
    assert abs(watts.mean() - power_w) > 0.1  # What the whole trace would have given.


def test_single_spikes_do_not_hide_the_pattern() -> None:
    times_s, watts, power_w = inferences(23.7, 140, noise=0.1, spikes=25)
    assert energy(trace("t", times_s, watts)).power_w == pytest.approx(power_w, rel=0.02)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        times_s, watts, power_w = inferences(20.0, 150, noise=0.5, seed=seed)
        found = energy(trace("t", times_s, watts))
        covered += abs(found.power_w - power_w) <= found.power_ci95_w
    assert covered >= 0.8 * 60


def test_energy_is_power_times_time() -> None:
    found = Energy((0.0, 1.0), 0.01, 100, 2.0, 0.1, 0.004)
    assert (found.energy_j, found.energy_ci95_j) == (0.008, pytest.approx(0.0004))
    times_s, watts, power_w = inferences(20.0, 100)
    assert energy(trace("t", times_s, watts), 0.004).energy_j == pytest.approx(0.004 * power_w, rel=0.03)


@pytest.mark.parametrize("kind", ["noise", "flat", "walk", "smooth", "steps", "ramp"])
def test_what_does_not_repeat_is_refused(kind: str) -> None:
    random = np.random.default_rng(7)
    watts = {
        "noise": random.normal(3, 0.3, 20_000),
        "flat": np.full(5_000, 2.0),
        "walk": 5 + np.cumsum(random.normal(0, 0.02, 20_000)),
        "smooth": np.convolve(random.normal(3, 1, 20_000), np.ones(50) / 50, "same"),
        "steps": np.repeat(random.uniform(1, 3, 400), 50),
        "ramp": np.linspace(1, 9, 10_000),
    }[kind]
    with pytest.raises(MeasureError, match=r"no repeating pattern|repeats \d times only"):
        energy(trace("t", np.arange(len(watts)) / HZ, watts))


def test_a_pattern_seen_five_times_is_refused() -> None:
    times_s, watts, _ = inferences(400.0, 5)
    with pytest.raises(MeasureError, match=r"repeats \d times only|no repeating pattern"):
        energy(trace("t", times_s, watts))


def test_uneven_sampling_is_interpolated_and_said() -> None:
    times_s, watts, power_w = inferences(40.0, 120)
    kept = np.flatnonzero(np.random.default_rng(1).random(len(times_s)) > 0.2)
    found = trace("t", times_s[kept], watts[kept])
    assert found.resampled
    assert energy(found).power_w == pytest.approx(power_w, rel=0.03)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("0,1\n0.001,x\n", r"line 2: '0.001,x' is not a time in seconds and a power in watts"),
        ("0,1\n0.001,nan\n", "line 2: 0.001, nan: not finite"),
        ("time,power\n0,1\n", "1 samples are too few"),
        ("\n".join(f"{-t / 1000},1" for t in range(100)), "sample 2 is not later"),
        ("0,1\n" + "\n".join(f"{1 + t / 1e9},1" for t in range(100)), "mostly without a sample"),
    ],
)
def test_a_bad_trace_is_one_sentence(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(MeasureError, match=complaint):
        read_trace(tmp_path / "t.csv")


def powercap(home: Path, energy_uj: int) -> Path:
    """Two packages of which the second's counter goes round at 1000 uJ, and a core that is part of the first."""
    for zone, name, uj, most in (
        ("intel-rapl:0", "package-0", energy_uj, 10**9),
        ("intel-rapl:0:0", "core", 77, 10**9),
        ("intel-rapl:1", "package-1", energy_uj % 1001, 1000),
        ("intel-rapl:2", "psys", 5, 10**9),
    ):
        (home / zone).mkdir(parents=True, exist_ok=True)
        for file, value in (("name", name), ("energy_uj", uj), ("max_energy_range_uj", most)):
            (home / zone / file).write_text(f"{value}\n", encoding="ascii")
    return home


def test_the_packages_are_added_and_a_counter_may_go_round(tmp_path: Path) -> None:
    before = energy_counters(powercap(tmp_path, 900))
    after = energy_counters(powercap(tmp_path, 1500))
    assert spent_j(before, after) == pytest.approx(2 * 600e-6)


def test_no_counter_is_no_energy(tmp_path: Path) -> None:
    assert energy_counters(tmp_path) == ()
    assert spent_j((), ()) is None
