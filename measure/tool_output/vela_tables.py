"""Vela's tables: the summary, which has the network's time, and the layers in cycles, which need its clock."""

from __future__ import annotations

import csv
from pathlib import Path

from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.record import OperatorTime, Run

from .format import Imported, OutputFormat

_LAYERS, _SUMMARY = "_per-layer.csv", "_summary_"


def compiled_run(total: dict[str, str], layers: list[dict[str, str]]) -> Run:
    """The compiler's estimate as a run, from the last row of its summary and the rows of its per-layer table."""
    clock_hz = float(total["core_clock"])
    return Run((), (float(total["inference_time"]),), counters=_operator_times(layers, clock_hz), exact=True)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table, each by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _operator_times(layers: list[dict[str, str]], clock_hz: float) -> tuple[OperatorTime, ...]:
    """The times of the layers in the table's order; operators of one kernel stand below it with no time."""
    return tuple(
        OperatorTime(row["Name"], row["NNG Operator"], float(row["Op Cycles"]) / clock_hz, row["Target"])
        for row in layers
    )


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
    total = rows(summary)[-1]
    run = compiled_run(total, rows(layers) if layers.is_file() and layers != summary else [])
    return [Imported(run, total["network"], "int8")]


def _recognises(text: str) -> bool:
    return text.startswith(("Original Operator,", "experiment,network,accelerator_configuration,"))


FORMAT = OutputFormat("Vela table", _recognises, _read)
