"""The JSON of a profile job of Qualcomm AI Hub: the inference, and each operator with the unit that ran it.

Source: AI Hub's documentation of profile results: times are in microseconds; details state a time or cycles.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat, json_content


def _read(text: str, _path: Path) -> list[Imported]:
    found = json_content(text)
    total_us = found["execution_summary"]["estimated_inference_time"]
    if not isinstance(total_us, int | float):
        raise MeasureError(f"execution_summary.estimated_inference_time is {total_us!r}, and no number of microseconds")
    details = found.get("execution_detail") or []
    times = tuple(_times(details, total_us / 1e6))
    return [Imported(Run((), (), summary=Summary(0, total_us / 1e6), counters=times))]


def _times(details: list[dict[str, Any]], total_s: float) -> list[OperatorTime]:
    """Times of the operators; where cycles are stated alone, each has its share of them in the inference."""
    cycles = sum(one.get("execution_cycles") or 0 for one in details)
    timed = any(one.get("execution_time") for one in details)
    return [
        OperatorTime(
            str(one["name"]),
            str(one["type"]),
            (one.get("execution_time") or 0) / 1e6
            if timed
            else total_s * (one.get("execution_cycles") or 0) / max(cycles, 1),
            str(one.get("compute_unit", "")),
        )
        for one in details
    ]


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "{" and '"execution_summary"' in text


FORMAT = OutputFormat("AI Hub profile", _recognises, _read)
"""Reads ``job.download_profile()`` saved as JSON."""
