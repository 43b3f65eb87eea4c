"""Records to which nothing should be fitted: one latency for all networks, or latencies in the wrong unit."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

import numpy as np
from numpy.typing import NDArray

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.record import Records
from stairline.calibration.records.spread import deviation
from stairline.simulator.pricing.arrays import Vector

from .verdict import Fact, measured_over_predicted

_UNITS = {3: "are they in microseconds? divide them by 1000", -3: "are they in seconds? multiply them by 1000"}
_HALF_A_DECADE = 0.5
_GAP = 1.0
"""Decades between two groups of ratios with none in between, where units are mixed; errors of models leave no such."""
_ALIKE, _APART = 0.01, 0.2
"""Scatter of log latencies that is none to speak of, and that of predictions which says that networks differ."""
_MOST_LINES = 5
"""Lines that are named one by one."""


def refuse(records: Records, measured: Measured, base_errors: Vector) -> None:
    """Raise RecordsError, naming the records, where nothing should be fitted to them.

    ``base_errors`` are log(predicted / observed) of the base.
    """
    for fact in (*_constant(measured, base_errors), *_units(records, measured, base_errors)):
        raise RecordsError(f"{records.name}: {fact.line}")


def _constant(measured: Measured, base_errors: Vector) -> Iterator[Fact]:
    if len(set(measured.names)) < 2:
        return
    observed_ms = measured.observed_s * 1e3
    remedy = "measure again: this is a timer or a limit, not the networks"
    if len(np.unique(observed_ms)) == 1:
        found = f"all {len(measured)} latencies are {observed_ms[0]:g} ms, of different networks"
        yield Fact("constant_latency", found, remedy)
    logs = np.log(measured.observed_s)
    if deviation(logs) < _ALIKE and deviation(logs + base_errors) > _APART:
        near = float(np.mean(np.abs(logs - np.median(logs)) < 3.0 * _ALIKE))
        found = (
            f"{near:.0%} of {len(measured)} latencies lie within 3 % of {np.median(observed_ms):.3g} ms, of networks "
            "that the base predicts apart"
        )
        yield Fact("constant_latency", found, remedy)


def _units(records: Records, measured: Measured, base_errors: Vector) -> Iterator[Fact]:
    long = _longer_by_1000(-base_errors / np.log(10.0))
    if long is not None:
        odd = long if 2 * np.count_nonzero(long) <= len(long) else ~long
        how = "1000 times as long as the others" if odd is long else "a thousandth of the others"
        found = f"{_lines(records, measured, odd)}: about {how}, against the base's predictions"
        yield Fact("mixed_units", found, "latency_ms must be milliseconds on every line; convert these")
        return
    ratio = measured_over_predicted(base_errors)
    power = round(log10(ratio))
    if power in _UNITS and abs(log10(ratio) - power) < _HALF_A_DECADE:
        found = f"the median of measured / predicted by the base is {ratio:.3g}; latency_ms must be milliseconds"
        yield Fact("unit_suspected", found, _UNITS[power])


def _longer_by_1000(decades: Vector) -> NDArray[np.bool_] | None:
    """Which observations are 1000 times as long as the rest; None where there are no two such groups.

    ``decades`` are log10(measured / predicted by the base).
    """
    ordered = np.sort(decades)
    gaps = np.diff(ordered)
    if not len(gaps) or gaps.max() < _GAP:
        return None
    widest = int(np.argmax(gaps))
    apart = float(np.median(ordered[widest + 1 :]) - np.median(ordered[: widest + 1]))
    return np.asarray(decades > ordered[widest]) if abs(apart - 3.0) < _HALF_A_DECADE else None


def _lines(records: Records, measured: Measured, odd: NDArray[np.bool_]) -> str:
    """The lines, or numbers in a store, of the observations that ``odd`` marks."""
    wanted = set(zip(np.array(measured.names)[odd].tolist(), measured.observed_s[odd].tolist()))
    lines = [row.line for row in records.rows if (row.net, row.latency_s) in wanted]
    more = len(lines) - _MOST_LINES
    return f"line {', '.join(map(str, lines[:_MOST_LINES]))}" + (f" and {more} others" if more > 0 else "")
