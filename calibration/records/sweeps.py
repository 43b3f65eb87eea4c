"""Measured sweeps to probe: of a store, or of a CSV that people already have."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stairline.calibration.errors import RecordsError
from stairline.hwmodels.reports.text import did_you_mean

from .store import is_store

LATENCY = "latency_ms"
_NOT_SETTINGS = frozenset({LATENCY, "std_ms", "net"})
"""Columns that do not tell one sweep from another."""


class Latencies(NamedTuple):
    """Over one setting, all else equal, in seconds."""

    what: str
    values: tuple[int, ...]
    times_s: tuple[float, ...]


def read_sweeps(path: Path, setting: str) -> tuple[Latencies, ...]:
    """Every sweep of ``setting`` in a store of measurements, or in a CSV with a column of that name and latency_ms.

    Rows of a CSV that differ in another column, ``net`` and ``std_ms`` aside, are different sweeps. Raises RecordsError
    naming the file, the line and the value, and MeasureError for a store without such a sweep.
    """
    return tuple(_store_sweeps(path, setting) if is_store(path) else _csv_sweeps(path, setting))


def _store_sweeps(path: Path, setting: str) -> Iterator[Latencies]:
    from stairline.measure.store import store
    from stairline.measure.store.sweeps import sweeps_over

    with store.opened(path) as opened:
        found = sweeps_over(opened.records(), setting)
    for sweep in found:
        what = f"{sweep.backend}: {sweep.others.label}, {sweep.others.dtype}"
        yield Latencies(what, sweep.values, sweep.times_s)


def _csv_sweeps(path: Path, setting: str) -> Iterator[Latencies]:
    found: dict[str, list[tuple[int, float]]] = {}
    for line, row in _rows(path, setting):
        rest = ", ".join(f"{k} {v}" for k, v in row.items() if k not in {setting, *_NOT_SETTINGS})
        value = _number(f"{path}, line {line}", setting, row[setting])
        if value != int(value):
            raise RecordsError(f"{path}, line {line}: {setting} '{row[setting]}' is not a whole number")
        latency_s = _number(f"{path}, line {line}", LATENCY, row[LATENCY]) / 1e3
        found.setdefault(rest, []).append((int(value), latency_s))
    for rest, points in found.items():
        values, times_s = zip(*sorted(points))
        yield Latencies(", ".join(filter(None, (path.name, rest))), values, times_s)


def _rows(path: Path, setting: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RecordsError(f"{path}: neither a store nor text in UTF-8; give a CSV with {setting},{LATENCY}") from None
    reader = csv.DictReader(text.splitlines(), restkey="", restval="", strict=True)
    for column in (setting, LATENCY):
        if column not in (reader.fieldnames or ()):
            rule = f"; the first line must name {setting} and {LATENCY}"
            raise RecordsError(f"{path}: no column '{column}'{did_you_mean(column, reader.fieldnames or (), rule)}")
    try:
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise RecordsError(f"{path}, line {reader.line_num}: not CSV: {error}") from None


def _number(place: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise RecordsError(f"{place}: {column} '{text[:40]}' is not a number; take the line out") from None
    if not 0.0 < value < float("inf"):
        raise RecordsError(f"{place}: {column} '{text[:40]}' is not positive and finite; take the line out")
    return value
