"""When another visit is due, and what a disturbed machine does to that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.campaign.agreement import Pace, drift, is_converged, is_due, is_settled, pace
from stairline.measure.timing.protocol import DEFAULT, Protocol
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run
from tests.measure.specimens import visit

BEST = Pace(matmul_s=1.0, stream_s=2.0)


latencies = st.floats(1e-6, 10)
readings = st.builds(Reading, st.floats(1e-6, 1), st.none() | st.floats(1e-6, 1))


def test_drift_is_that_of_the_worst_reading() -> None:
    assert drift(visit(1.0), BEST) == 1.0
    assert drift(visit(1.0, after=Reading(1.25, 2.0)), BEST) == 1.25
    assert drift(visit(1.0, before=Reading(1.0, 3.0), after=Reading(1.25, 2.0)), BEST) == 1.5


def test_a_neighbour_that_takes_bandwidth_is_noticed_though_the_core_is_quick() -> None:
    assert drift(visit(1.0, before=Reading(1.0, 4.0)), BEST) == 2.0


def test_a_visit_from_before_bandwidth_was_read_has_the_drift_of_its_core() -> None:
    assert drift(visit(1.0, before=Reading(1.1), after=Reading(1.2)), BEST) == pytest.approx(1.2)


@given(st.lists(st.builds(visit, latencies, before=readings, after=readings), min_size=1))
def test_nothing_is_quicker_than_the_machine_at_its_best(runs: list[Run]) -> None:
    best = pace(runs, Pace())
    assert min(drift(run, best) for run in runs) >= 1.0
    assert pace(runs, best) == best


def test_three_of_five_visits_that_agree_are_enough() -> None:
    runs = [visit(1.0), visit(1.01), visit(1.5), visit(1.02), visit(1.4)]
    assert [is_due(runs[:taken], BEST, Protocol()) for taken in range(6)] == [True] * 5 + [False]


def test_visits_that_do_not_agree_ask_for_more_up_to_the_bound() -> None:
    runs = [visit(1.1**number) for number in range(10)]
    assert [is_due(runs[:taken], BEST, Protocol()) for taken in range(11)] == [True] * 10 + [False]
    assert not is_settled(runs, BEST)


def test_visits_in_a_slow_stretch_confirm_nothing() -> None:
    slow = Reading(1.2, 2.0)
    runs = [visit(1.0, before=slow), visit(1.0, after=slow), visit(1.0, before=slow), visit(1.0), visit(1.0)]
    assert is_due(runs, BEST, Protocol())
    assert not is_due([*runs, visit(1.0)], BEST, Protocol())


@given(st.builds(visit, latencies, latencies, latencies, before=readings, after=readings))
def test_the_essence_of_a_visit_decides_as_the_visit_does(run: Run) -> None:
    best = pace([run], Pace())
    assert (run.essence.median_s, drift(run.essence, best)) == (run.median_s, drift(run, best))


def test_a_computed_time_needs_one_visit_and_has_no_spread() -> None:
    run = Run((), (0.25,), exact=True)
    conditions = Conditions("npu", "", (), None, None, (), 1, "Vela", "5.2", "none")
    measurement = Measurement(conditions, (run,))
    assert (measurement.statistics.mean_s, measurement.statistics.ci95_s) == (0.25, 0.0)
    assert is_settled([run], Pace())
    assert is_converged(measurement)
    assert not is_due([run], Pace(), DEFAULT)
    assert is_due([], Pace(), DEFAULT)
