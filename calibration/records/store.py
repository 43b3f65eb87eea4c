"""The measurements of a store as records: its configurations say themselves which networks they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from math import hypot, isnan
from pathlib import Path

from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.measure.models.parameters import with_weights
from stairline.measure.store import store
from stairline.measure.timing.record import Measurement, first_difference
from stairline.simulator.graph.graph import Graph
from stairline.simulator.networks import read

from .errors import RecordsError
from .families import is_network
from .record import NetworkLatency, Records
from .spread import NORMAL

CALL_S = 1e-6
"""Standard deviation of a call's time however little its runs spread: the clock, and Python's part of the call."""

_MAGIC = b"SQLite format 3\0"


def is_store(path: Path) -> bool:
    """Whether the file is one of SQLite's."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def read_store(path: Path, backend: str | None) -> tuple[Records, tuple[Graph, ...]]:
    """Read what was measured on one backend under one setting, and the networks that were measured.

    Raises RecordsError where the store holds no such measurement, or several backends or settings of which ``backend``
    names none.
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
        family = one.name if one.kind == "file" or is_network(one.label) else ""
        rows.append(NetworkLatency(graph.name, record.outcome.latency_s, spread_s, dtype, number, family))
        graphs[graph.name] = graph
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    return Records(path.name, digest, tuple(rows), _paces(found)), tuple(graphs.values())


def _paces(found: Sequence[store.Record]) -> tuple[float, ...]:
    """The times of a matrix product before and after each visit, over the quickest twentieth of them."""
    times_s = [
        reading.matmul_s
        for record in found
        if isinstance(record.outcome, Measurement)
        for run in record.outcome.runs
        for reading in (run.before, run.after)
        if reading.matmul_s is not None
    ]
    quickest_s = sorted(times_s)[len(times_s) // 20] if times_s else 1.0
    return tuple(max(time_s / quickest_s, 1.0) for time_s in times_s)


def _spread_s(outcome: Measurement) -> float:
    """Standard deviation of the runs of the reported visit in seconds, from their median absolute deviation.

    A few slow runs, which a busy machine always has, widen the plain deviation many times and leave the median alone.
    """
    if outcome.representative.exact:
        return 0.0
    found = outcome.reported
    known_s = next((s for s in (NORMAL * found.mad_s, found.std_s) if not isnan(s)), 0.0)
    return hypot(known_s, CALL_S)


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
