"""The measurements of a store as records: its configurations say themselves which networks they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from math import hypot, isnan
from pathlib import Path

from stairline.calibration.choosing import design
from stairline.calibration.errors import RecordsError
from stairline.calibration.fitting.robust import NORMAL
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.measure.models.parameters import with_weights
from stairline.measure.store import store
from stairline.measure.timing.record import Measurement, first_difference
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import read

from .table import Record, Records

CALL_S = 1e-6
"""To how much the time of a call is known, whatever its runs spread: the clock, and Python's part of the call."""

_MAGIC = b"SQLite format 3\0"


def is_store(path: Path) -> bool:
    """Whether the file is one of SQLite's."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def read_store(path: Path, backend: str | None) -> tuple[Records, tuple[Graph, ...]]:
    """What was measured on one backend under one setting, and the networks of it.

    Raises RecordsError where the store holds several and ``backend`` does not tell which, or none.
    """
    with store.opened(path) as opened:
        found = [r for r in opened.records() if isinstance(r.outcome, Measurement) and backend in (None, r.backend)]
    if not found:
        raise RecordsError(
            f"{path}: holds no measurement{f' on {backend}' if backend else ''}; 'measure show' lists it"
        )
    _verify_one_setting(path, found)
    rows, graphs = [], {}
    for number, record in enumerate(found, 1):
        graph = _graph(path, record)
        assert isinstance(record.outcome, Measurement)
        if record.outcome.representative.exact and record.configuration.kind != "file":
            graph = with_weights(graph)  # A compiler that computes times may weigh what it compresses.
        dtype = record.configuration.dtype if record.configuration.dtype in ELEMENT_BYTES else graph.dtype
        spread_s = _spread_s(record.outcome)
        one = record.configuration
        family = one.name if one.kind == "file" or design.is_network(one.label) else ""
        rows.append(Record(graph.name, record.outcome.latency_s, spread_s, dtype, number, family))
        graphs[graph.name] = graph
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    return Records(path.name, digest, tuple(rows)), tuple(graphs.values())


def _spread_s(outcome: Measurement) -> float:
    """Standard deviation of the runs of the reported visit, as their median distance from the median says.

    A few slow runs, which a busy machine always has, widen the plain one many times and say nothing of the median.
    """
    if outcome.representative.exact:
        return 0.0
    found = outcome.reported
    told_s = next((s for s in (NORMAL * found.mad_s, found.std_s) if not isnan(s)), 0.0)
    return hypot(told_s, CALL_S)


def _verify_one_setting(path: Path, found: Sequence[store.Record]) -> None:
    backends = dict.fromkeys(record.backend for record in found)
    if len(backends) > 1:
        raise RecordsError(f"{path}: holds measurements on {', '.join(backends)}; choose one with --backend")
    settings = {record.conditions.setting_digest: record.conditions.setting for record in found}
    first, *others = settings.values()
    for other in others:
        if difference := first_difference(first, other):
            name, here, there = difference
            raise RecordsError(
                f"{path}: was measured under {len(settings)} settings, which do not mix: {name} is {here!r} and "
                f"{there!r}; measure into a store of its own"
            )


def _graph(path: Path, record: store.Record) -> Graph:
    configuration = record.configuration
    if configuration.kind == "imported":
        raise RecordsError(
            f"{path}: '{configuration.name}' was imported, so its layers are not known; export the store as CSV "
            "and give --layers"
        )
    graph = read(configuration.name) if configuration.kind == "file" else configuration.graph()
    return replace(graph, name=configuration.label)
