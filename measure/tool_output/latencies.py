"""The one reader of a CSV that holds a latency in each line: of bounded size, with one clear line for each fault."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stairline.measure.timing.errors import MeasureError

if TYPE_CHECKING:
    from _csv import Reader as _Reader

LATENCY, SPREAD = "latency_ms", "std_ms"
"""The column of the latency, and the optional one of the standard deviation of its runs, both in milliseconds."""

MOST_BYTES = 256 << 20
MOST_ROWS = 1_000_000
_SHOWN = 40
"""Characters of a cell that a complaint shows."""


class LatencyRow(NamedTuple):
    """A line of such a file."""

    line: int
    """Its number in the file, from 1."""
    latency_s: float
    std_s: float | None
    """None where the file has no such column, or the cell is empty."""
    others: dict[str, str]
    """The cells of all other columns, without blanks around them; an empty text where the line ends early."""


def content(path: Path) -> bytes:
    """The bytes of a file of latencies. Raises MeasureError where it cannot be read, or is too large for one."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MOST_BYTES:
            raise MeasureError(f"{path}: {size_bytes >> 20} MiB, and at most {MOST_BYTES >> 20} are read; split it")
        return path.read_bytes()
    except OSError as error:
        raise MeasureError(f"{path}: cannot be read: {error.strerror or error}") from None


def columns(place: str, text: str) -> tuple[str, ...]:
    """The columns that the first line names; none of an empty text.

    ``place`` is what complaints begin with, such as ``"file.csv, "``. Raises MeasureError for a line that is not CSV,
    and for a column that stands twice.
    """
    header = next(_cells(place, _reader(text)), [])
    names = tuple(name.strip() for name in header)
    for name in names:
        if names.count(name) > 1:
            raise MeasureError(f"{place}column {name[:_SHOWN]!r} stands twice; take one out")
    return names


def rows(place: str, text: str, filled: Sequence[str] = ()) -> Iterator[LatencyRow]:
    """The lines below the header, of a text whose ``columns`` hold LATENCY and the ``filled`` ones.

    Blank lines are skipped. Raises MeasureError that begins with ``place`` and names the line, the column and the value
    where a latency is not positive and finite, a deviation is negative, or a cell of the ``filled`` columns is empty.
    """
    names = columns(place, text)
    reader = _reader(text)
    next(reader)
    for count, cells in enumerate((cells for cells in _cells(place, reader) if cells), 1):
        at = f"{place}line {reader.line_num}"
        if count > MOST_ROWS:
            raise MeasureError(f"{at}: more than {MOST_ROWS:,} latencies; split the file")
        if len(cells) > len(names):
            raise MeasureError(f"{at}: more cells than the header has columns")
        row = dict.fromkeys(names, "") | {name: cell.strip() for name, cell in zip(names, cells)}
        latency_ms = _number(at, LATENCY, row.pop(LATENCY))
        if not latency_ms > 0.0:
            raise MeasureError(f"{at}: {LATENCY} {latency_ms:g} is not positive; take the line out")
        empty = next((name for name in filled if not row[name]), None)
        if empty is not None:
            raise MeasureError(f"{at}: {empty} is empty; fill it in, or take the line out")
        yield LatencyRow(reader.line_num, latency_ms / 1e3, _spread_s(at, row.pop(SPREAD, "")), row)


def _reader(text: str) -> _Reader:
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _cells(place: str, reader: _Reader) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise MeasureError(f"{place}line {reader.line_num}: not CSV: {error}") from None


def _spread_s(at: str, text: str) -> float | None:
    if not text:
        return None
    spread_ms = _number(at, SPREAD, text)
    if spread_ms < 0.0:
        raise MeasureError(f"{at}: {SPREAD} {spread_ms:g} is negative; leave it empty where it is not known")
    return spread_ms / 1e3


def _number(at: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise MeasureError(f"{at}: {column} {text[:_SHOWN]!r} is not a number; take the line out") from None
    if not isfinite(value):
        raise MeasureError(f"{at}: {column} is {value}; take the line out")
    return value
