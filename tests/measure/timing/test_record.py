"""Records: conditions that do not mix, and the visit whose median is reported."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.timing.errors import ConditionsDifferError
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run, pooled
from tests.measure.specimens import visit

CONDITIONS = Conditions(
    *("board", "Cortex-A76", ("asimd",), "performance", 2_400_000_000, (7,), 1, "LiteRT", "2.1", "XNNPACK"),
    dtype="float32",
    model_sha256="ab",
)


latencies = st.floats(1e-6, 10)
readings = st.builds(Reading, st.floats(1e-6, 1), st.none() | st.floats(1e-6, 1))


def run(*times: float) -> Run:
    return Run((9.0,), times, Reading(1.0), Reading(1.0))


def test_pooling_takes_all_runs_and_no_warm_up() -> None:
    both = pooled([Measurement(CONDITIONS, (run(1.0, 2.0),)), Measurement(CONDITIONS, (run(3.0, 6.0),))])
    assert both.statistics.mean_s == 3.0


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("threads", 4, "threads is 1 in one and 4"),
        ("governor", "powersave", "governor is 'performance' in one and 'powersave'"),
        ("runtime_version", "2.3", "runtime_version is '2.1' in one and '2.3'"),
        ("model_sha256", "cd", "model_sha256 is 'ab' in one and 'cd'"),
    ],
)
def test_different_conditions_do_not_mix(name: str, value: object, shown: str) -> None:
    other = replace(CONDITIONS, **{name: value})
    with pytest.raises(ConditionsDifferError, match=shown):
        pooled([Measurement(CONDITIONS, (run(1.0, 2.0),)), Measurement(other, (run(1.0, 2.0),))])


def test_conditions_survive_their_json() -> None:
    assert Conditions.from_json(CONDITIONS.to_json()) == CONDITIONS


def test_a_session_setting_is_all_but_the_model() -> None:
    setting = CONDITIONS.setting_digest
    assert replace(CONDITIONS, dtype="int8", model_sha256=None).setting_digest == setting
    assert replace(CONDITIONS, governor=None).setting_digest != setting


@given(st.permutations([1.0, 1.0, 3.0, 4.0, 5.0]), st.floats(1e-3, 1.0))
def test_neither_three_slow_visits_nor_a_lucky_one_move_the_reported_time(times: list[float], lucky: float) -> None:
    assert Measurement(CONDITIONS, tuple(visit(time_s, time_s) for time_s in times)).latency_s == 1.0
    with_luck = (visit(lucky, lucky), *(visit(1.0, 1.0) for _ in range(4)))
    assert Measurement(CONDITIONS, with_luck).latency_s == 1.0


@given(st.lists(latencies, min_size=1, max_size=10))
def test_a_quarter_of_the_visits_at_most_is_quicker_than_the_one_reported(times: list[float]) -> None:
    latency_s = Measurement(CONDITIONS, tuple(visit(time_s) for time_s in times)).latency_s
    assert latency_s in times
    assert sum(time_s < latency_s for time_s in times) <= len(times) / 4


@given(st.builds(visit, latencies, latencies, latencies, before=readings, after=readings))
def test_a_visit_survives_its_json(run: Run) -> None:
    assert Run.from_values(asdict(run)) == run
