"""The table of ExecuTorch's Inspector, saved as CSV: percentiles of each event, those within delegates among them.

Source: pytorch/executorch, devtools/inspector/_inspector.py (Inspector.to_dataframe).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat

_TOTAL = "Method::execute"
_CALL = "DELEGATE_CALL"
_WRAPPERS = (_TOTAL, "Program::load_method", "Method::init", "OPERATOR_CALL")
_MEDIAN, _MEAN = "p50 (ms)", "avg (ms)"


def _read(text: str, _path: Path) -> list[Imported]:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    total = [row for row in rows if row["event_name"] == _TOTAL]
    within = any(_is_true(row.get("is_delegated_op")) for row in rows)
    events = [
        row
        for row in rows
        if row["event_name"] not in _WRAPPERS
        and not (within and row["event_name"] == _CALL)
        and row.get("event_block_name") in (None, "", "Execute")
    ]
    if not total and not events:
        raise MeasureError(f"no event of the block 'Execute', such as {_TOTAL}")
    times = tuple(OperatorTime(row["event_name"], _op(row), _ms(row) / 1e3, _backend(row)) for row in events)
    latency_s = _ms(total[0]) / 1e3 if total else sum(one.time_s for one in times)
    return [Imported(Run((), (), summary=Summary(0, latency_s), counters=times))]


def _ms(row: dict[str, str]) -> float:
    return float(row.get(_MEDIAN) or row[_MEAN])


def _op(row: dict[str, str]) -> str:
    """The operator of an event: the first of its types, without namespace and overload, else the event's own name."""
    first = re.search(r"[\w.:]+", row.get("op_types") or "")
    name = first[0] if first else re.sub(r"^native_call_|_\d+$", "", row["event_name"])
    return re.sub(r"^aten[.:]+|\.(default|out|\w*Tensor)$", "", name)


def _backend(row: dict[str, str]) -> str:
    return row.get("delegate_backend_name") or ("" if _is_true(row.get("is_delegated_op")) else "CPU")


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() == "true"


def _recognises(text: str) -> bool:
    head = text.split("\n", 1)[0]
    return "event_name" in head and (_MEDIAN in head or _MEAN in head)


FORMAT = OutputFormat("ExecuTorch Inspector table", _recognises, _read)
"""Reads ``inspector.to_dataframe().to_csv(...)``."""
