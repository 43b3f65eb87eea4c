"""Measurements that people already have: a CSV of networks and their latencies."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from math import hypot, isfinite
from pathlib import Path
from typing import NamedTuple

from stairline.calibration.errors import RecordsError
from stairline.calibration.fitting.pricing import MODEL_SIGMA, PART_SIGMA, Measured, Observation, prepare
from stairline.hwmodels import Platform
from stairline.hwmodels.reports.text import did_you_mean
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.graph.graph import Graph

COLUMNS = ("net", "latency_ms", "std_ms", "dtype")
"""Columns of a record file; the first two are required."""


_ENOUGH_NETWORKS = 30
"""Networks from which on a fit rests on them, and on single operators where they leave it open."""


class Record(NamedTuple):
    """One measured network. ``line`` is its line of the file, ``std_s`` the spread of its runs, both times seconds."""

    net: str
    latency_s: float
    std_s: float
    dtype: str
    line: int
    family: str
    """Of networks that are much alike; empty for an operator or block, which is no network."""


class Records(NamedTuple):
    """A file of measurements: its name, the digest of its bytes, its rows."""

    name: str
    digest: str
    rows: tuple[Record, ...]

    def observations(self, graphs: Iterable[Graph]) -> Iterator[Observation]:
        """The networks that have been measured, with what was measured, in the order of the networks."""
        networks = len({row.net for row in self.rows if row.family})
        of_part = PART_SIGMA if networks >= _ENOUGH_NETWORKS else MODEL_SIGMA
        by_net: dict[str, list[Record]] = {}
        for row in self.rows:
            by_net.setdefault(row.net, []).append(row)
        for graph in graphs:
            for row in by_net.get(graph.name, ()):
                sigma = hypot(MODEL_SIGMA if row.family else of_part, row.std_s / row.latency_s)
                yield Observation(graph, row.dtype, row.latency_s, sigma, family=row.family)


def read_records(path: str | Path, default_dtype: str) -> Records:
    """Read a CSV of ``net, latency_ms`` and optionally ``std_ms`` and ``dtype``.

    Raises RecordsError naming the file, the line, the column and the value.
    """
    try:
        raw = Path(path).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise RecordsError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RecordsError(f"{path}: not text in UTF-8; records are a CSV with the columns net,latency_ms") from None
    reader = csv.DictReader(text.splitlines(), restkey="", strict=True)
    try:
        _verify_columns(str(path), tuple(reader.fieldnames or ()))
        rows = tuple(_record(f"{path}, line {reader.line_num}", row, reader.line_num, default_dtype) for row in reader)
    except csv.Error as error:
        raise RecordsError(f"{path}, line {reader.line_num}: not CSV: {error}") from None
    if not rows:
        raise RecordsError(f"{path}: no records below the header; add a line per measured network")
    return Records(Path(path).name, hashlib.sha256(raw).hexdigest()[:16], rows)


def planned(base: Platform, records: Records, graphs: Iterable[Graph]) -> tuple[Measured, frozenset[str]]:
    """What was measured of these networks, planned on a platform, and the names of all of them.

    Raises RecordsError where no network has a record.
    """
    names: dict[str, None] = {}

    def noted() -> Iterator[Graph]:
        for graph in graphs:
            names[graph.name] = None
            yield graph

    observations = iter(records.observations(noted()))
    first = next(observations, None)
    if first is None:
        hint = did_you_mean(records.rows[0].net, list(names)[:1000])
        raise RecordsError(
            f"{records.name}: none of its networks is in the layer table, such as '{records.rows[0].net}'{hint}"
        )
    return prepare(base, chain([first], observations)), frozenset(names)


def _verify_columns(path: str, columns: tuple[str, ...]) -> None:
    for name in columns:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS, f"; it may have {', '.join(COLUMNS)}")
            raise RecordsError(f"{path}: unknown column '{name}'{hint}")
    for name in COLUMNS[:2]:
        if name not in columns:
            raise RecordsError(f"{path}: no column '{name}'; the first line must name net and latency_ms")


def _record(place: str, row: dict[str, str | None], line: int, default_dtype: str) -> Record:
    if "" in row:
        raise RecordsError(f"{place}: more cells than the header has columns")
    net, dtype = (row["net"] or "").strip(), (row.get("dtype") or default_dtype).strip()
    if not net:
        raise RecordsError(f"{place}: net is empty; name the network as the layer table does")
    if dtype not in ELEMENT_BYTES:
        raise RecordsError(f"{place}: dtype '{dtype}' is no precision{did_you_mean(dtype, ELEMENT_BYTES)}")
    latency_ms = _number(place, "latency_ms", row["latency_ms"] or "")
    std_ms = _number(place, "std_ms", row.get("std_ms") or "0")
    if latency_ms <= 0.0:
        raise RecordsError(f"{place}: latency_ms {latency_ms:g} of '{net}' is not positive; take the line out")
    if std_ms < 0.0:
        raise RecordsError(f"{place}: std_ms {std_ms:g} of '{net}' is negative; leave it empty where it is not known")
    return Record(net, latency_ms / 1e3, std_ms / 1e3, dtype, line, family(net))


def family(name: str) -> str:
    """The prefix that a network's name shares with its family: all before the last underscore, else the name."""
    return name.rpartition("_")[0] or name


def _number(place: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise RecordsError(f"{place}: {column} '{text[:40]}' is not a number; take the line out") from None
    if not isfinite(value):
        raise RecordsError(f"{place}: {column} is {value}; take the line out")
    return value
