"""The predictions of many networks as a table, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph

from .batch import Unpriced, predict_each
from .precision import precision
from .prediction import FAILED, Summary

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = (
    *("model", "platform", "dtype", "status", "latency_s", "lower_s", "upper_s", "analytical_s", "energy_j"),
    *("coverage", "flags", "reason"),
)
"""Times are in seconds, energy in joules; ``coverage`` is the least of the three shares."""

Named = tuple[str, Graph | Unpriced]


def frame(networks: Iterable[Named], platform: Platform, dtype: str | None, allow_unknown: bool) -> DataFrame:
    """A row for each network in order; where there is no prediction the status is "failed" and ``reason`` says why."""
    from pandas import DataFrame

    def own_precision(item: Named) -> str:
        return precision(item[1], platform, dtype) if isinstance(item[1], Graph) else platform.dtypes[0]

    rows: list[tuple[Any, ...]] = []
    for found, group in groupby(networks, own_precision):
        rows += _rows(list(group), platform, found, allow_unknown)
    return DataFrame(rows, columns=list(COLUMNS))


def _rows(items: list[Named], platform: Platform, dtype: str, allow_unknown: bool) -> Iterator[tuple[Any, ...]]:
    summaries = predict_each((graph for _, graph in items), platform.machine(dtype), allow_unknown=allow_unknown)
    for (name, _), s in zip(items, summaries):
        if isinstance(s, Summary):
            times_s = s.latency_s, s.lower_s, s.upper_s, s.analytical_s
            yield name, s.platform, s.dtype, s.status, *times_s, s.energy_j, s.coverage.least, ",".join(s.flags), ""
        else:
            yield name, platform.name, dtype, FAILED, *(None,) * 6, "", str(s)
