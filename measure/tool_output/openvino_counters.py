"""The files that OpenVINO's benchmark_app writes into its report folder: a report, and average or detailed counters.

Source: OpenVINO, samples/cpp/benchmark_app/statistics_report.cpp, and its Python tool's reports.
"""

from __future__ import annotations

import re
from pathlib import Path

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat

_TOTAL = "Total"
_REPORT = "benchmark_report.csv"
_COUNTERS = "layerName;execStatus;layerType;execType;"


def _read(text: str, path: Path) -> list[Imported]:
    """The latency is the report's, since the sum of the layers' counters leaves out what lies between them."""
    if _COUNTERS not in text:
        return [Imported(Run((), (), summary=_latency(text)))]
    report = path.with_name(_REPORT)
    if not report.is_file():
        raise MeasureError(f"counters hold no latency of the network: keep the {_REPORT} of the same run beside them")
    return [Imported(Run((), (), summary=_latency(report.read_text(encoding="utf-8")), counters=_operator_times(text)))]


def _latency(report: str) -> Summary:
    values = dict(re.findall(r"^([\w ()]+);([\d.,]+);?$", report, re.MULTILINE))

    def found(*names: str) -> float | None:
        return next((_milliseconds(values[name]) / 1e3 for name in names if name in values), None)

    mean_s = found("avg latency", "Average latency (ms)", "latency (ms)", "Median latency (ms)")
    if mean_s is None:
        raise MeasureError(f"{_REPORT} states no latency; run benchmark_app with -api sync or -hint latency")
    low_s, high_s = found("min latency", "Min latency (ms)"), found("max latency", "Max latency (ms)")
    return Summary(int(values.get("total number of iterations", "0")), mean_s, None, low_s, high_s)


def _operator_times(text: str) -> tuple[OperatorTime, ...]:
    """Times of the executed layers. Detailed counters have a table for each request, of which the last is taken."""
    tables: list[list[dict[str, str]]] = []
    for line in text.splitlines():
        cells = line.rstrip(";").split(";")
        if cells[0] == "layerName":
            keys = cells
            tables.append([])
        elif tables and len(cells) >= 5 and cells[0] != _TOTAL:
            tables[-1].append(dict(zip(keys, cells)))
    return tuple(
        OperatorTime(row["layerName"], row["layerType"], _milliseconds(row["realTime (ms)"]) / 1e3, row["execType"])
        for row in tables[-1]
        if row["execStatus"].endswith("EXECUTED")
    )


def _milliseconds(cell: str) -> float:
    return float(cell.replace(",", "."))


def _recognises(text: str) -> bool:
    return _COUNTERS in text[:100_000] or text.startswith("Command line parameters")


FORMAT = OutputFormat("OpenVINO benchmark_app", _recognises, _read)
