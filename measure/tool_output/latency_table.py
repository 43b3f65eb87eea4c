"""A CSV of networks and their latencies: columns net, latency_ms and optionally std_ms, dtype."""

from __future__ import annotations

import csv
from pathlib import Path

from stairline.measure.timing.record import Run, Summary

from .format import Imported, OutputFormat

_MOST_ROWS = 1_000_000


def _read(text: str, _path: Path) -> list[Imported]:
    reader = csv.DictReader(text.splitlines()[: _MOST_ROWS + 1], strict=True)
    found = []
    for row in reader:
        std_s = float(row["std_ms"]) / 1e3 if row.get("std_ms") else None
        summary = Summary(0, float(row["latency_ms"]) / 1e3, std_s)
        found.append(Imported(Run((), (), summary=summary), row["net"], row.get("dtype") or None))
    return found


def _recognises(text: str) -> bool:
    columns = {name.strip() for name in text.split("\n", 1)[0].split(",")}
    return {"net", "latency_ms"} <= columns


FORMAT = OutputFormat("CSV of net and latency_ms", _recognises, _read)
