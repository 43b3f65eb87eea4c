"""The JSON profile of onnxruntime: each run of the model, and each operator in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from stairline.measure.timing.record import OperatorTime, Run

from .format import Imported, OutputFormat, json_content

_WARM_UPS = 1
"""Runs that do not count: the first one allocates."""
_KERNEL_TIME = "_kernel_time"


def operator_times(events: Iterable[dict[str, Any]], runs: int) -> tuple[OperatorTime, ...]:
    """Median times of the nodes in a profile's events over the last ``runs`` times that each ran, in running order."""
    times_us: dict[tuple[str, str, str], list[float]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_KERNEL_TIME):
            arguments = event["args"]
            name = event["name"].removesuffix(_KERNEL_TIME)
            key = name, arguments["op_name"], arguments.get("provider", "")
            times_us.setdefault(key, []).append(event["dur"])
    return tuple(
        OperatorTime(name, op, 1e-6 * median(times[-runs:]), provider)
        for (name, op, provider), times in times_us.items()
    )


def _read(text: str, _path: Path) -> list[Imported]:
    events = json_content(text)
    runs_s = [1e-6 * event["dur"] for event in events if event.get("name") == "model_run"]
    kept = runs_s[_WARM_UPS:] or runs_s
    warmups_s = tuple(runs_s[: len(runs_s) - len(kept)])
    return [Imported(Run(warmups_s, tuple(kept), counters=operator_times(events, len(kept))))]


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "[" and '"cat"' in text[:10_000] and '"dur"' in text[:10_000]


FORMAT = OutputFormat("onnxruntime profile", _recognises, _read)
