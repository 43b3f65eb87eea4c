"""Records as a store gives them, made by hand."""

from __future__ import annotations

from stairline.measure.plan.configuration import configuration
from stairline.measure.store.store import Record
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run

CONDITIONS = Conditions("board", "Cortex-A76", (), "performance", None, (7,), 1, "LiteRT", "2.1", "none", "float32")


CALM, SLOW = Reading(1.0, 2.0, 40.0), Reading(1.5, 2.0, 55.5)


def visit_ms(*times_ms: float, around: Reading = CALM) -> Run:
    return Run((), tuple(time_ms / 1e3 for time_ms in times_ms), around, around)


def record(cout: int, *runs: Run, conditions: Conditions = CONDITIONS, dtype: str = "float32") -> Record:
    what = configuration("op", "conv2d", {"cout": cout, "hw": 28}, dtype)
    return Record(what, "tflite", conditions, Measurement(conditions, runs), "2026-01-01T00:00:00+00:00")


TWO_VISITS = record(8, visit_ms(4.0, 5.0, 9.0), visit_ms(2.0, 3.0, 4.0, around=SLOW))
