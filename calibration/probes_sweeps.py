"""Sweeps for step widths: sampled evenly first, then in the middle of each gap that holds an edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from measure.configuration import Configuration, configuration
from measure.plot import Line, sweep_lines
from measure.record import MeasureError
from measure.store import Record

from .probes_falls import fall_lines
from .steps import FEWEST_SAMPLES, find_steps, lines, next_value

_EVENLY = tuple(range(4, 133, 4))
"""Four samples to a step of 16: an edge has to stand out of the slope around it."""
_SWEEPS: tuple[tuple[str, dict[str, int], str, tuple[int, ...]], ...] = (
    ("conv2d", {"hw": 14, "cin": 128, "kernel": 1}, "cout", _EVENLY),
    ("conv2d", {"hw": 14, "cout": 128, "kernel": 1}, "cin", _EVENLY),
    # Every width for a while: what an unrolled loop leaves over shows only there.
    ("dwconv2d", {"hw": 28, "kernel": 3}, "cin", tuple(sorted({*_EVENLY, *range(45, 66)}))),
    ("dense", {"hw": 1, "cin": 2048}, "cout", _EVENLY),
)
_MOST_REFINED = 6
"""Values of a sweep that are added to make an edge exact."""


def sweep_plan(dtype: str, records: Sequence[Record]) -> Iterator[Configuration]:
    """The even samples of each sweep, and the value that makes an edge exact where the store has those."""
    for name, fixed, setting, sampled in _SWEEPS:
        yield from (configuration("op", name, fixed | {setting: value}, dtype) for value in sampled)
        what = configuration("op", name, fixed, dtype).label
        own = [line for line in swept(records) if line[0] == setting and (line[1].what, line[1].dtype) == (what, dtype)]
        for _, line in own:
            values, times_s = _points(line)
            following = next_value(values, times_s)
            if following is not None and len(values) < len(sampled) + _MOST_REFINED:
                yield configuration("op", name, fixed | {setting: following}, dtype)


def swept(records: Sequence[Record]) -> Iterator[tuple[str, Line]]:
    """Every sweep that is long enough to show steps, with the setting that it varies."""
    for setting in ("cout", "cin", "hw"):
        try:
            found = sweep_lines(records, setting)
        except MeasureError:
            continue  # Nothing in these records varies it.
        yield from ((setting, line) for line in found if len(line.points) >= FEWEST_SAMPLES)


def step_lines(records: Sequence[Record]) -> Iterator[str]:
    """The steps of every sweep, for people."""
    for setting, line in swept(records):
        yield f"{line.what}, {line.dtype}, over {setting}:"
        values, times_s = _points(line)
        yield from (f"  {text}" for text in (*lines(find_steps(values, times_s)), *fall_lines(values, times_s)))


def _points(line: Line) -> tuple[list[int], list[float]]:
    return [value for value, _ in line.points], [found.latency_s for _, found in line.points]
