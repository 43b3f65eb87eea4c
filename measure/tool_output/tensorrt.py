"""What TensorRT's trtexec exports: --exportTimes (each run) and --exportProfile (each layer), both JSON.

Source: NVIDIA TensorRT, samples/common/sampleReporting.cpp.
"""

from __future__ import annotations

from pathlib import Path

from stairline.measure.timing.record import Counter, Run, Summary

from . import Imported, Source, json_content


def _read(text: str, _path: Path) -> list[Imported]:
    rows = json_content(text)
    if "latencyMs" in rows[0]:
        return [Imported(Run((), tuple(float(row["latencyMs"]) / 1e3 for row in rows)))]
    count, layers = int(rows[0]["count"]), rows[1:]
    counters = tuple(Counter(row["name"], "layer", float(row["averageMs"]) / 1e3) for row in layers)
    return [Imported(Run((), (), summary=Summary(count, sum(c.time_s for c in counters)), counters=counters))]


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "[" and ('"latencyMs"' in text[:10_000] or '"averageMs"' in text[:10_000])


SOURCE = Source("TensorRT trtexec", _recognises, _read)
