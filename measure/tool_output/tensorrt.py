"""The JSON that TensorRT's trtexec exports: each run (--exportTimes) or each layer (--exportProfile).

Source: NVIDIA TensorRT, samples/common/sampleReporting.cpp.
"""

from __future__ import annotations

from pathlib import Path

from stairline.measure.timing.record import OperatorTime, Run, Summary

from .format import Imported, OutputFormat, json_content


def _read(text: str, _path: Path) -> list[Imported]:
    rows = json_content(text)
    if "latencyMs" in rows[0]:
        return [Imported(Run((), tuple(float(row["latencyMs"]) / 1e3 for row in rows)))]
    count, layers = int(rows[0]["count"]), rows[1:]
    times = tuple(OperatorTime(row["name"], "layer", float(row["averageMs"]) / 1e3) for row in layers)
    return [Imported(Run((), (), summary=Summary(count, sum(one.time_s for one in times)), counters=times))]


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "[" and ('"latencyMs"' in text[:10_000] or '"averageMs"' in text[:10_000])


FORMAT = OutputFormat("TensorRT trtexec", _recognises, _read)
