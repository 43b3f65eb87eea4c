"""The protocol: what one visit does."""

from __future__ import annotations

from stairline.measure.timing.protocol import Protocol, measure_run, reading


def test_a_visit_counts_its_warm_ups_and_stops_at_its_bound() -> None:
    calls: list[int] = []

    def infer() -> None:  # ever longer, so that no interval becomes narrow
        calls.append(sum(range(2 ** len(calls))))

    found = measure_run(infer, Protocol(warmups=3, runs=5, max_runs=17))
    assert (len(found.warmups_s), len(found.runs_s), len(calls)) == (3, 17, 20)


def test_a_visit_completes_its_runs_when_its_time_is_over() -> None:
    found = measure_run(lambda: None, Protocol(warmups=0, runs=5, max_s=0.0))
    assert len(found.runs_s) == 5


def test_a_reading_shows_the_pace_of_this_machine() -> None:
    found = reading()
    multiplications = 192**3
    assert found.stream_s is not None
    # No core does more than 200 GMAC/s or reads more than a terabyte a second; a second for either is another unit.
    assert multiplications / 2e11 < found.matmul_s < 1
    assert 2**26 / 1e12 < found.stream_s < 1
