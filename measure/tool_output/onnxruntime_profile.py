"""The JSON profile of onnxruntime: each run of the model, and each operator in it."""

from __future__ import annotations

from pathlib import Path

from stairline.measure.runtimes.onnxruntime import counters
from stairline.measure.timing.record import Run

from . import Imported, Source, json_content

_WARM_UPS = 1
"""The first run allocates."""


def _read(text: str, _path: Path) -> list[Imported]:
    events = json_content(text)
    runs_s = [1e-6 * event["dur"] for event in events if event.get("name") == "model_run"]
    kept = runs_s[_WARM_UPS:] or runs_s
    return [Imported(Run(tuple(runs_s[: len(runs_s) - len(kept)]), tuple(kept), counters=counters(events, len(kept))))]


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "[" and '"cat"' in text[:10_000] and '"dur"' in text[:10_000]


SOURCE = Source("onnxruntime profile", _recognises, _read)
