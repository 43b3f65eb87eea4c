"""CSVs of latencies that people already have: of networks, for a fit."""

from __future__ import annotations

import hashlib
from pathlib import Path

from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.hwmodels.spelling import did_you_mean
from stairline.measure.timing.errors import MeasureError
from stairline.measure.tool_output.latencies import LATENCY, SPREAD, LatencyRow, columns, content, rows

from .errors import RecordsError
from .families import family
from .record import NetworkLatency, Records

COLUMNS = ("net", LATENCY, SPREAD, "dtype", "family")
"""Columns of a file of records; the first two are required."""


def read_records(path: str | Path, default_dtype: str) -> Records:
    """Read a CSV of ``net, latency_ms`` and optionally ``std_ms``, ``dtype`` and ``family``.

    ``default_dtype`` is the precision of lines that state none; the family of a line that states none is its network's
    name up to the last underscore. Raises RecordsError naming the file, the line, the
    column and the value.
    """
    try:
        raw = content(Path(path))
        text = raw.decode("utf-8-sig")
        _verify_columns(str(path), columns(f"{path}, ", text))
        found = tuple(_latency(str(path), row, default_dtype) for row in rows(f"{path}, ", text, filled=("net",)))
    except UnicodeDecodeError:
        raise RecordsError(f"{path}: not text in UTF-8; records are a CSV with the columns net,{LATENCY}") from None
    except MeasureError as error:
        raise RecordsError(str(error)) from None
    if not found:
        raise RecordsError(f"{path}: no records below the header; add a line per measured network")
    return Records(Path(path).name, hashlib.sha256(raw).hexdigest()[:16], found)


def _verify_columns(path: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS, f"; it may have {', '.join(COLUMNS)}")
            raise RecordsError(f"{path}: unknown column {name[:40]!r}{hint}")
    for name in COLUMNS[:2]:
        if name not in names:
            raise RecordsError(f"{path}: no column '{name}'; the first line must name net and {LATENCY}")


def _latency(path: str, row: LatencyRow, default_dtype: str) -> NetworkLatency:
    net, dtype = row.others["net"], row.others.get("dtype") or default_dtype
    if dtype not in ELEMENT_BYTES:
        hint = did_you_mean(dtype, ELEMENT_BYTES)
        raise RecordsError(f"{path}, line {row.line}: dtype {dtype[:40]!r} is no precision{hint}")
    kin = row.others.get("family") or family(net)
    return NetworkLatency(net, row.latency_s, row.std_s or 0.0, dtype, row.line, kin)
