"""Vela's tables: the summary, which has the network's time, and the layers in cycles, which need its clock."""

from __future__ import annotations

import csv
from pathlib import Path

from stairline.measure.runtimes.vela import counters
from stairline.measure.timing.record import MeasureError, Run

from . import Imported, Source

_LAYERS, _SUMMARY = "_per-layer.csv", "_summary_"


def _read(text: str, path: Path) -> list[Imported]:
    layers, summary = path, path
    if text.startswith("Original Operator,"):
        stem = path.name.removesuffix(_LAYERS)
        beside = sorted(path.parent.glob(f"{stem}{_SUMMARY}*.csv"))
        if len(beside) != 1:
            raise MeasureError(
                f"layers are in cycles, and {len(beside)} files {stem}{_SUMMARY}*.csv with the clock lie beside it; "
                "keep the summary of the same run there"
            )
        summary = beside[0]
    else:
        layers = path.with_name(path.name.split(_SUMMARY)[0] + _LAYERS)
    total = _rows(summary)[-1]
    clock_hz = float(total["core_clock"])
    operators = counters(_rows(layers), clock_hz) if layers.is_file() and layers != summary else ()
    run = Run((), (float(total["inference_time"]),), counters=operators, exact=True)
    return [Imported(run, total["network"], "int8")]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _recognises(text: str) -> bool:
    return text.startswith(("Original Operator,", "experiment,network,accelerator_configuration,"))


SOURCE = Source("Vela table", _recognises, _read)
