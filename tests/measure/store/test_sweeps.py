"""Sweeps among the measurements of a store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stairline.measure.store.sweeps import sweeps_over
from stairline.measure.timing.errors import MeasureError
from tests.measure.reports.records import CONDITIONS, TWO_VISITS, record, visit_ms


def test_a_sweep_is_one_line_in_the_order_of_its_values() -> None:
    records = [record(cout, visit_ms(float(cout), float(cout))) for cout in (24, 8, 16)]
    (sweep,) = sweeps_over(records, "cout")
    assert (sweep.others.label, sweep.values, sweep.times_s) == ("conv2d hw=28", (8, 16, 24), (0.008, 0.016, 0.024))


def test_other_precisions_and_conditions_are_lines_of_their_own() -> None:
    threads = replace(CONDITIONS, threads=2, cpus=(6, 7))
    records = [record(cout, visit_ms(1.0, 1.0), conditions=c) for cout in (8, 16) for c in (CONDITIONS, threads)]
    records += [record(cout, visit_ms(1.0, 1.0), dtype="int8") for cout in (8, 16)]
    assert len(sweeps_over(records, "cout")) == 3


def test_a_setting_that_nothing_sweeps_is_refused_with_those_there_are() -> None:
    with pytest.raises(MeasureError, match=r"--sweep cin: .* settings are cout, hw"):
        sweeps_over([TWO_VISITS], "cin")
