"""Statistics of times, against values worked by hand and against scipy."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.sample import statistics, student_t975


def test_the_statistics_of_five_times_are_those_worked_by_hand() -> None:
    found = statistics([1.0, 2.0, 3.0, 4.0, 10.0])
    assert (found.mean_s, found.min_s, found.median_s) == (4.0, 1.0, 3.0)
    assert found.mad_s == 1.0  # of the distances 2, 1, 0, 1, 7
    assert found.std_s == pytest.approx(12.5**0.5)  # squares 9 + 4 + 1 + 0 + 36 = 50, over 4
    assert found.ci95_s == pytest.approx(2.776445 * (12.5 / 5) ** 0.5)  # t of 4 degrees of freedom, from any table
    assert found.p90_s == pytest.approx(7.6)  # 0.6 of the way from the fourth to the fifth


@given(st.lists(st.floats(1e-6, 10), min_size=2, max_size=60))
def test_the_interval_is_that_of_scipy(times: list[float]) -> None:
    found = statistics(times)
    half = scipy.stats.sem(times) * scipy.stats.t.ppf(0.975, len(times) - 1)
    assert found.ci95_s == pytest.approx(float(half), rel=1e-6, abs=1e-12)
    assert found.mad_s == pytest.approx(float(scipy.stats.median_abs_deviation(times)))


def test_one_time_has_no_interval() -> None:
    with pytest.raises(MeasureError, match="at least 2"):
        statistics([1.0])


def test_the_percentiles_of_101_times_are_the_times_in_their_order() -> None:
    times = np.random.default_rng(1).lognormal(size=101)
    found = statistics(list(times))
    ordered = np.sort(times)  # of 101 values, the p-th percentile is the p-th above the least
    assert (found.p90_s, found.p95_s, found.p99_s) == pytest.approx(tuple(ordered[[90, 95, 99]]))


@pytest.mark.parametrize("freedom", [9, 16, 49, 300])
def test_without_scipy_the_interval_is_as_wide(freedom: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    assert student_t975(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=1e-3)
