"""Sweeps: a table of points, where the binding bound changes, and every point for programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from stairline.hwmodels.files.units import written
from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, number, word
from stairline.simulator.pricing.points import LIMITS
from stairline.simulator.reports.digits import three_digits
from stairline.simulator.whatif.answers import Swept
from stairline.simulator.whatif.points import Axis
from stairline.simulator.whatif.ridges import Ridge
from stairline.simulator.whatif.suite import Suite

_SHOWN = 40
"""The most points of the table for people."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sweep_report(suite: Suite, swept: Swept) -> list[Block]:
    """The points, or evenly chosen ones of many, the ridges, and how the points were priced."""
    return [
        Heading(f"Sweep on {suite.platform.name}: {_networks(suite)}"),
        Facts(tuple((_letter(i), one.key) for i, one in enumerate(swept.axes))),
        _table(swept),
        *(_ridge_text(ridge) for ridge in swept.ridges),
        *_notes(swept),
    ]


def _networks(suite: Suite) -> str:
    if len(suite.names) == 1:
        return suite.names[0]
    return f"weighted mean of {len(suite.names)} networks"


def _letter(place: int) -> str:
    return _LETTERS[place % len(_LETTERS)]


def _table(swept: Swept) -> Table:
    has_energy = bool(np.all(np.isfinite(swept.energy_j)))
    has_cost = swept.costs is not None
    columns = [
        *(number(_letter(i)) for i in range(len(swept.axes))),
        number("ms"),
        *([number("mJ")] if has_energy else []),
        *([number("cost"), word("front")] if has_cost else []),
        word("limited by"),
    ]
    return Table(tuple(columns), tuple(_row(swept, i, has_energy) for i in _chosen(swept)))


def _row(swept: Swept, point: int, has_energy: bool) -> tuple[str | Cell, ...]:
    runs = bool(np.all(swept.outcomes.runs[point] > 0.0))
    binding = swept.bindings[point]
    cost: tuple[str | Cell, ...] = ()
    if swept.costs is not None and swept.is_on_front is not None:
        cost = f"{swept.costs[point]:.5g}", Cell("*", "green") if swept.is_on_front[point] else ""
    return (
        *(written(one.key, value) for one, value in zip(swept.axes, swept.points.values[point].tolist())),
        three_digits(swept.latency_s[point] * 1e3),
        *([three_digits(swept.energy_j[point] * 1e3)] if has_energy else []),
        *cost,
        f"{binding.limit} {binding.share:.0%}" if runs else Cell("cannot run", "red"),
    )


def _chosen(swept: Swept) -> list[int]:
    """The points that are shown: all of them or, of many, those on the front by their cost, or evenly chosen ones."""
    if len(swept.points) <= _SHOWN or swept.costs is None or swept.is_on_front is None:
        return _evenly(swept.axes)
    on_front = np.flatnonzero(swept.is_on_front)
    by_cost = on_front[np.argsort(swept.costs[on_front], kind="stable")]
    kept = np.unique(np.linspace(0, len(by_cost) - 1, min(len(by_cost), _SHOWN)).round().astype(int))
    return [int(i) for i in by_cost[kept]]


def _evenly(axes: tuple[Axis, ...]) -> list[int]:
    """The points of evenly chosen values of every axis, the ends among them: all of them where they are few."""
    sizes = [len(one.values) for one in axes]
    most = max(sizes)
    while np.prod([min(size, most) for size in sizes]) > _SHOWN and most > 2:
        most -= 1
    each = [np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int)) for size in sizes]
    return [int(np.ravel_multi_index(place, sizes)) for place in product(*each)][: max(_SHOWN, most ** len(axes))]


def _ridge_text(ridge: Ridge) -> str:
    low, high = written(ridge.key, ridge.low), written(ridge.key, ridge.high)
    where = f"at {low}" if low == high else f"between {low} and {high}"
    return f"{ridge.key}: most of the time is bound by {ridge.below} below, by {ridge.above} above, {where}"


def _notes(swept: Swept) -> Iterator[str]:
    count, shown = len(swept.points), len(_chosen(swept))
    if shown < count:
        on_front = swept.is_on_front
        what = "points" if on_front is None else f"points, of the {np.count_nonzero(on_front):,} on the front"
        yield f"{shown} of {count:,} {what}; --csv FILE and --json give all of them."
    per_minute = float(f"{count / max(swept.seconds, 1e-9) * 60.0:.2g}")
    rate = f"{count:,} points in {swept.seconds:.2g} s, {per_minute:,.0f} a minute"
    if swept.replanned:
        yield f"Planned anew for each value of {', '.join(swept.replanned)}: {rate}."
    else:
        yield f"Planned once and re-priced, since rates alone change: {rate}."


def sweep_record(suite: Suite, swept: Swept) -> dict[str, Any]:
    """All points as a JSON record: columns by name, and the ridges."""
    return {
        "keys": list(swept.points.keys),
        "replanned_for": list(swept.replanned),
        "seconds": swept.seconds,
        "points": [dict(zip(_columns(suite, swept), row)) for row in sweep_rows(suite, swept)],
        "ridges": [ridge._asdict() for ridge in swept.ridges],
    }


def _columns(suite: Suite, swept: Swept) -> tuple[str, ...]:
    cost = ("cost", "is_on_front") if swept.costs is not None else ()
    each = tuple(f"{name} ms" for name in suite.names) if len(suite.names) > 1 else ()
    limits = tuple(f"{limit.replace(' ', '_')}_ms" for limit in LIMITS)
    return (*swept.points.keys, "latency_ms", "energy_mj", "runs", "limited_by", *limits, *cost, *each)


def sweep_rows(suite: Suite, swept: Swept) -> Iterator[tuple[Any, ...]]:
    """A row for each point, under the names of ``sweep_record``; None where a value is not known."""
    many = len(suite.names) > 1
    for i, values in enumerate(swept.points.values.tolist()):
        energy_j, binding = float(swept.energy_j[i]), swept.bindings[i]
        yield (
            *values,
            float(swept.latency_s[i]) * 1e3,
            energy_j * 1e3 if np.isfinite(energy_j) else None,
            bool(np.all(swept.outcomes.runs[i] > 0.0)),
            binding.limit,
            *(swept.limited_s[i] * 1e3).tolist(),
            *(() if swept.costs is None else (float(swept.costs[i]), bool(swept.is_on_front[i]))),  # type: ignore[index]
            *((swept.outcomes.latency_s[i] * 1e3).tolist() if many else ()),
        )


def sweep_table(suite: Suite, swept: Swept, platform: str) -> Iterator[tuple[Any, ...]]:
    """The points as rows of CSV, the header first."""
    yield ("platform", *_columns(suite, swept))
    for row in sweep_rows(suite, swept):
        yield (platform, *("" if value is None else value for value in row))
