"""Measured sweeps to probe: of a store, or of a CSV that people already have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stairline.hwmodels.spelling import did_you_mean
from stairline.measure.store import store
from stairline.measure.store.sweeps import sweeps_over
from stairline.measure.timing.errors import MeasureError
from stairline.measure.tool_output.latencies import LATENCY, SPREAD, LatencyRow, columns, content, rows

from .errors import RecordsError
from .store import is_store

_NETWORK = "net"
"""A column by which sweeps do not differ."""


class SweptLatencies(NamedTuple):
    """Latencies over the values of one setting, all else equal."""

    what: str
    values: tuple[int, ...]
    times_s: tuple[float, ...]


def read_sweeps(path: Path, setting: str) -> tuple[SweptLatencies, ...]:
    """Every sweep of ``setting`` in a store of measurements, or in a CSV with a column of that name and latency_ms.

    Rows of a CSV that differ in another column, ``net`` and ``std_ms`` aside, are different sweeps. Raises RecordsError
    naming the file, the line and the value, and MeasureError for a store without such a sweep.
    """
    return tuple(_store_sweeps(path, setting) if is_store(path) else _csv_sweeps(path, setting))


def _store_sweeps(path: Path, setting: str) -> Iterator[SweptLatencies]:
    with store.opened(path) as opened:
        found = sweeps_over(opened.records(), setting)
    for sweep in found:
        what = f"{sweep.backend}: {sweep.others.label}, {sweep.others.dtype}"
        yield SweptLatencies(what, sweep.values, sweep.times_s)


def _csv_sweeps(path: Path, setting: str) -> Iterator[SweptLatencies]:
    found: dict[str, list[tuple[int, float]]] = {}
    for row in _csv_rows(path, setting):
        rest = ", ".join(f"{name} {cell}" for name, cell in row.others.items() if name not in (setting, _NETWORK))
        found.setdefault(rest, []).append(
            (_whole(f"{path}, line {row.line}", setting, row.others[setting]), row.latency_s)
        )
    for rest, points in found.items():
        values, times_s = zip(*sorted(points))
        yield SweptLatencies(", ".join(filter(None, (path.name, rest))), values, times_s)


def _csv_rows(path: Path, setting: str) -> list[LatencyRow]:
    try:
        text = content(path).decode("utf-8-sig")
        names = columns(f"{path}, ", text)
        if setting in (LATENCY, SPREAD):
            raise RecordsError(f"--sweep {setting}: is measured, and no setting; name a column of settings")
        for name in (setting, LATENCY):
            if name not in names:
                rule = f"; the first line must name {setting} and {LATENCY}"
                raise RecordsError(f"{path}: no column '{name}'{did_you_mean(name, names, rule)}")
        return list(rows(f"{path}, ", text))
    except UnicodeDecodeError:
        raise RecordsError(f"{path}: neither a store nor text in UTF-8; give a CSV with {setting},{LATENCY}") from None
    except MeasureError as error:
        raise RecordsError(str(error)) from None


def _whole(place: str, setting: str, text: str) -> int:
    """The value of a swept setting. Raises RecordsError for what is no whole number above 0."""
    try:
        value = float(text)
    except ValueError:
        raise RecordsError(f"{place}: {setting} {text[:40]!r} is not a number; take the line out") from None
    if not 0.0 < value < float("inf"):
        raise RecordsError(f"{place}: {setting} {text[:40]!r} is not positive and finite; take the line out")
    if value != int(value):
        raise RecordsError(f"{place}: {setting} {text[:40]!r} is not a whole number")
    return int(value)
