"""Hold measurements against a platform's predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph

from .describe import described
from .effects import Tested
from .explain import explained
from .faults import faults
from .join import UNKNOWN, Joined, join, planned
from .measured import MeasuredFile, MeasuredNetwork
from .result import Check, Description
from .rows import Row, judged

UNMATCHED = 0.05
"""Share of the time measured from which on rows that the model does not have are a divergence."""
SAMPLE = 48
"""Networks on which reasons are tested by predicting again; of more, those that diverge and a draw of the others."""


def check(
    measured: MeasuredFile,
    graph_of: Callable[[str], Graph | None],
    platform: Platform,
    *,
    dtype: str | None = None,
    false_discovery: float = 0.05,
    fail_over: float = 0.0,
) -> Check:
    """Join measurements with predictions, judge each row, and say why rows diverge.

    ``graph_of`` gives the network of a name, None where there is none: its rows are unmatched. ``dtype`` is the
    precision of records that state none, by default the file's own. Of the rows that are flagged, the share
    ``false_discovery`` is expected to be wrong. The verdict is *diverges* where descriptions cost more than the share
    ``fail_over`` of the time measured. Raises RecordsError where no network that was measured is known.
    """
    networks = tuple(m._replace(dtype=m.dtype or dtype) for m in measured.networks)
    graphs, joined = _joined(networks, graph_of, platform)
    if not any(graph is not None for graph in graphs):
        raise RecordsError(
            f"{measured.name}: no network of that name is known, such as '{networks[0].net}'; "
            "give its layers with --layers, or its file as MODEL"
        )
    rows = judged(joined, false_discovery)
    tested, places = _sample(rows, graphs, networks, platform)
    descriptions, of_row = described(tested, explained(tested))
    return Check(
        platform=platform.name,
        platform_digest=platform.digest,
        records=measured.name,
        nets=tuple(m.net for m in networks),
        false_discovery=false_discovery,
        verdict=_verdict(rows, descriptions, fail_over),
        rows=tuple(rows),
        causes=_causes(len(rows), dict(zip(places, of_row)), descriptions),
        descriptions=tuple(descriptions),
        faults=tuple(faults(networks, graphs, rows, platform)),
    )


def _causes(rows: int, described_by: Mapping[int, int], descriptions: Sequence[Description]) -> tuple[str | None, ...]:
    """The first cause of the description that each row belongs to; None for a row of no description."""
    numbers = [described_by.get(row, -1) for row in range(rows)]
    return tuple(descriptions[number].reasons[0].cause if number >= 0 else None for number in numbers)


def _joined(
    networks: Sequence[MeasuredNetwork], graph_of: Callable[[str], Graph | None], platform: Platform
) -> tuple[list[Graph | None], list[Joined]]:
    graphs: list[Graph | None] = []
    rows: list[Joined] = []
    for place, measured in enumerate(networks):
        graph = graph_of(measured.net)
        graphs.append(graph)
        if graph is None:
            rows += _unknown(place, measured)
            continue
        rows += join(place, measured, planned(graph, platform, measured.dtype))
    return graphs, rows


def _unknown(place: int, measured: MeasuredNetwork) -> list[Joined]:
    """A row for each time of a network that is not known."""
    dtype = measured.dtype or ""
    times = [(None, None, measured.latency_s, measured.std_s, measured.line)] if measured.latency_s else []
    every = [*times, *((r.name, r.op, r.latency_s, r.std_s, r.line) for r in measured.operators)]
    return [
        Joined(place, name, (), op, dtype, (), 0.0, 1.0, time_s, std_s, line, (UNKNOWN,))
        for name, op, time_s, std_s, line in every
    ]


def _sample(
    rows: Sequence[Row], graphs: Sequence[Graph | None], networks: Sequence[MeasuredNetwork], platform: Platform
) -> tuple[Tested, list[int]]:
    """The rows on which reasons are tested, and their places among all."""
    known = [i for i, graph in enumerate(graphs) if graph is not None]
    flagged = {row.joined.net for row in rows if row.diverges}
    draw = np.random.default_rng(0)
    first = _drawn([i for i in known if i in flagged], SAMPLE * 2 // 3, draw)
    chosen = set(first) | set(_drawn([i for i in known if i not in flagged], SAMPLE - len(first), draw))
    if len(chosen) < SAMPLE:
        chosen |= set(_drawn([i for i in known if i not in chosen], SAMPLE - len(chosen), draw))
    places = [i for i, row in enumerate(rows) if row.joined.net in chosen]
    kept = {i: graph for i in sorted(chosen) if (graph := graphs[i]) is not None}
    return Tested(tuple(rows[i] for i in places), kept, {i: networks[i].dtype for i in kept}, platform), places


def _drawn(items: list[int], most: int, draw: np.random.Generator) -> list[int]:
    return items if len(items) <= most else [int(i) for i in draw.choice(items, most, replace=False)]


def _is_known(row: Row) -> bool:
    return UNKNOWN not in row.flags


def _verdict(
    rows: Sequence[Row], descriptions: Sequence[Description], fail_over: float
) -> Literal["agrees", "diverges", "cannot_tell"]:
    measured_s = sum(row.joined.measured_s or 0.0 for row in rows) or 1.0
    lost_s = sum(abs(one.time_lost_s) for one in descriptions if one.covers)
    alone_s = sum(row.joined.measured_s or 0.0 for row in rows if row.verdict == "unmatched" and _is_known(row))
    apart = any(row.diverges for row in rows) or alone_s > UNMATCHED * measured_s
    if apart and (fail_over == 0.0 or lost_s / measured_s > fail_over):
        return "diverges"
    judged_rows = [row for row in rows if row.verdict != "unmatched"]
    agreeing = sum(row.verdict in ("agrees", "diverges") for row in judged_rows)
    return "agrees" if judged_rows and agreeing * 2 >= len(judged_rows) else "cannot_tell"
