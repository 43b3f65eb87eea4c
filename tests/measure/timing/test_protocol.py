"""The protocol: what a visit does, when another is due, and what a disturbed machine does to the reported time."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.measure.campaign.agreement import Pace, drift, is_due, is_settled, pace
from stairline.measure.timing import machine
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol, measure_run, reading
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run
from tests.checkout import ROOT

BEST = Pace(matmul_s=1.0, stream_s=2.0)
CALM = Reading(1.0, 2.0)
CONDITIONS = Conditions("board", "cpu", (), None, None, (0,), 1, "runtime", "1", "none")
latencies = st.floats(1e-6, 10)
readings = st.builds(Reading, st.floats(1e-6, 1), st.none() | st.floats(1e-6, 1))


def visit(*times: float, before: Reading = CALM, after: Reading = CALM) -> Run:
    return Run((), times, before, after)


def test_a_visit_counts_its_warm_ups_and_stops_at_its_bound() -> None:
    calls: list[int] = []

    def infer() -> None:  # ever longer, so that no interval becomes narrow
        calls.append(sum(range(2 ** len(calls))))

    found = measure_run(infer, Protocol(warmups=3, runs=5, max_runs=17))
    assert (len(found.warmups_s), len(found.runs_s), len(calls)) == (3, 17, 20)


def test_a_visit_completes_its_runs_when_its_time_is_over() -> None:
    found = measure_run(lambda: None, Protocol(warmups=0, runs=5, max_s=0.0))
    assert len(found.runs_s) == 5


def test_a_reading_tells_the_pace_of_this_machine() -> None:
    found = reading()
    multiplications = 192**3
    assert found.stream_s is not None
    # No core does more than 200 GMAC/s or reads more than a terabyte a second; a second for either is another unit.
    assert multiplications / 2e11 < found.matmul_s < 1
    assert 2**26 / 1e12 < found.stream_s < 1


def test_the_hottest_zone_and_the_present_clock_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, text in enumerate(("41500\n", "38000\n", "N/A\n")):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    monkeypatch.setattr(machine, "_THERMAL", tmp_path)
    assert machine.temperature_c() == 41.5
    for core in range(machine.os.cpu_count() or 1):
        (tmp_path / f"cpu{core}" / "cpufreq").mkdir(parents=True)
        (tmp_path / f"cpu{core}" / "cpufreq" / "scaling_cur_freq").write_text("2841600\n")
    monkeypatch.setattr(machine, "_CPUFREQ", tmp_path)
    assert machine.current_clock_hz() == 2_841_600_000


def test_a_machine_without_sensors_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_THERMAL", "_CPUFREQ", "_CPUINFO"):
        monkeypatch.setattr(machine, name, tmp_path / "absent")
    assert (machine.temperature_c(), machine.current_clock_hz()) == (None, None)


def test_one_session_measures_on_a_core_at_a_time() -> None:
    code = "from measure import machine\nwith machine.alone([987]):\n    print('measuring', flush=True)\n    input()"
    start = [sys.executable, "-c", code]
    with subprocess.Popen(start, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "measuring\n"
        with (Path(tempfile.gettempdir()) / "stairline-core-987.lock").open() as lock:
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            other.communicate("over\n")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_that_leads_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "stairline-core-3.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MeasureError, match=r"stairline-core-3\.lock: cannot be opened"), machine.alone([3]):
        pass


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
def test_the_essence_of_a_visit_decides_as_the_visit_does(run: Run) -> None:
    best = pace([run], Pace())
    assert (run.essence.median_s, drift(run.essence, best)) == (run.median_s, drift(run, best))
    assert Run.from_values(asdict(run)) == run
