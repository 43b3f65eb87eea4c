"""Sweeps for step widths: sampled evenly first, then in the middle of each gap that holds an edge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.store.store import Record
from stairline.measure.store.sweeps import Sweep, by_name, sweeps

from .falls import fall_lines
from .steps import FEWEST_SAMPLES, find_steps, lines, next_value

_EVENLY = tuple(range(4, 133, 4))
"""Values sampled first, four to a step of 16: an edge has to stand out of the slope around it."""
_SWEEPS: tuple[tuple[str, dict[str, int], str, tuple[int, ...]], ...] = (
    ("conv2d", {"hw": 14, "cin": 128, "kernel": 1}, "cout", _EVENLY),
    ("conv2d", {"hw": 14, "cout": 128, "kernel": 1}, "cin", _EVENLY),
    # Every width for a while: what an unrolled loop leaves over shows only there.
    ("dwconv2d", {"hw": 28, "kernel": 3}, "cin", tuple(sorted({*_EVENLY, *range(45, 66)}))),
    ("dense", {"hw": 1, "cin": 2048}, "cout", _EVENLY),
)
_SIZES = ("cout", "cin", "hw")
"""Settings that steps are looked for in, as they are listed."""
_MOST_REFINED = 6
"""Values of a sweep that are added to make an edge exact."""


def sweep_plan(dtype: str, records: Sequence[Record]) -> Iterator[Configuration]:
    """The even samples of each sweep, and the value that makes an edge exact where the store has those."""
    measured = swept(records)
    for name, fixed, setting, sampled in _SWEEPS:
        yield from (configuration("op", name, fixed | {setting: value}, dtype) for value in sampled)
        others = configuration("op", name, fixed, dtype)
        for sweep in measured:
            if (sweep.setting, sweep.others) == (setting, others):
                following = next_value(sweep.values, sweep.times_s)
                if following is not None and len(sweep.points) < len(sampled) + _MOST_REFINED:
                    yield sweep.at(following)


def swept(records: Sequence[Record]) -> list[Sweep]:
    """Every sweep of a size that is long enough to show steps."""
    long = [s for s in sweeps(records) if s.setting in _SIZES and len(s.points) >= FEWEST_SAMPLES]
    return sorted(long, key=lambda sweep: (_SIZES.index(sweep.setting), *by_name(sweep)))


def step_lines(records: Sequence[Record]) -> Iterator[str]:
    """The lines that report the steps of every sweep."""
    for sweep in swept(records):
        yield f"{sweep.others.label}, {sweep.others.dtype}, over {sweep.setting}:"
        points = sweep.values, sweep.times_s
        yield from (f"  {text}" for text in (*lines(find_steps(*points)), *fall_lines(*points)))
