"""The measurements of a store, as a check reads them: totals, runs, and the operators' counters."""

from __future__ import annotations

from pathlib import Path

from stairline.calibration.records.store import read_store
from stairline.measure.store import store
from stairline.measure.timing.record import Measurement
from stairline.simulator.graph.graph import Graph

from .measured import MeasuredFile, MeasuredNetwork, operator_records


def read_stored(path: Path, backend: str | None) -> tuple[MeasuredFile, dict[str, Graph]]:
    """What a store holds of one backend under one setting, and its networks by name.

    Raises RecordsError as ``read_store`` does.
    """
    records, graphs = read_store(path, backend)
    with store.opened(path) as opened:
        kept = [r for r in opened.records() if isinstance(r.outcome, Measurement) and backend in (None, r.backend)]
    found = []
    for row, record in zip(records.rows, kept):
        assert isinstance(record.outcome, Measurement)
        run = record.outcome.representative
        operators = tuple(operator_records(run.counters))
        found.append(
            MeasuredNetwork(row.net, row.dtype, row.latency_s, row.std_s, row.line, operators, runs_s=run.runs_s)
        )
    by_operator = any(one.operators for one in found)
    return MeasuredFile(path.name, tuple(found), by_operator), {graph.name: graph for graph in graphs}
