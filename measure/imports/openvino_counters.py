"""The counters that OpenVINO's benchmark_app writes, average or detailed: a CSV by semicolons.

Source: OpenVINO, samples/cpp/benchmark_app/statistics_report.cpp.
"""

from __future__ import annotations

from pathlib import Path

from ..record import Counter, Run, Summary
from . import Imported, Source

_TOTAL = "Total"


def _read(text: str, _path: Path) -> list[Imported]:
    """The sum over executed layers: what the tool counts, without what lies between them. Detailed reports have a table
    for each request; the last is taken."""
    tables: list[list[dict[str, str]]] = []
    for line in text.splitlines():
        cells = line.rstrip(";").split(";")
        if cells[0] == "layerName":
            keys = cells
            tables.append([])
        elif tables and len(cells) >= 5 and cells[0] != _TOTAL:
            tables[-1].append(dict(zip(keys, cells)))
    rows = [row for row in tables[-1] if row["execStatus"].endswith("EXECUTED")]
    counters = tuple(
        Counter(row["layerName"], row["layerType"], _milliseconds(row["realTime (ms)"]) / 1e3, row["execType"])
        for row in rows
    )
    return [Imported(Run((), (), summary=Summary(0, sum(c.time_s for c in counters)), counters=counters))]


def _milliseconds(cell: str) -> float:
    return float(cell.replace(",", "."))


def _recognises(text: str) -> bool:
    return "layerName;execStatus;layerType;execType;" in text[:100_000]


SOURCE = Source("OpenVINO benchmark_app counters", _recognises, _read)
