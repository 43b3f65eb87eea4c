"""A CSV of networks and their latencies: columns net, latency_ms and optionally std_ms, dtype."""

from __future__ import annotations

from pathlib import Path

from stairline.measure.timing.record import Run, Summary

from .format import Imported, OutputFormat
from .latencies import LATENCY, rows


def _read(text: str, _path: Path) -> list[Imported]:
    found = []
    for row in rows("", text, filled=("net",)):
        run = Run((), (), summary=Summary(0, row.latency_s, row.std_s))
        found.append(Imported(run, row.others["net"], row.others.get("dtype") or None))
    return found


def _recognises(text: str) -> bool:
    columns = {name.strip() for name in text.split("\n", 1)[0].split(",")}
    return {"net", LATENCY} <= columns


FORMAT = OutputFormat("CSV of net and latency_ms", _recognises, _read)
