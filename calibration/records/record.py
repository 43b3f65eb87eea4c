"""What was measured of networks, wherever it was read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot
from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

from .observation import MODEL_SIGMA, PART_SIGMA, Observation

_ENOUGH_NETWORKS = 30
"""Networks from which on a fit rests on them, and on single operators where they leave it open."""


class NetworkLatency(NamedTuple):
    """The measured latency of one network, operator or block."""

    net: str
    latency_s: float
    std_s: float
    """Standard deviation of its runs, in seconds; 0 where it is not known."""
    dtype: str
    line: int
    """Its line in the file, or its number in the store, from 1."""
    family: str
    """The family of networks that are much alike to which it belongs; empty for an operator or block."""


class Records(NamedTuple):
    """A file of measurements: its name, the digest of what it holds, its rows."""

    name: str
    digest: str
    rows: tuple[NetworkLatency, ...]
    paces: tuple[float, ...] = ()
    """Times of fixed work before and after each visit, over the quickest of them; empty where none were taken."""

    def observations(self, graphs: Iterable[Graph]) -> Iterator[Observation]:
        """The networks that have been measured, with what was measured, in the order of the networks."""
        networks = len({row.net for row in self.rows if row.family})
        of_part = PART_SIGMA if networks >= _ENOUGH_NETWORKS else MODEL_SIGMA
        by_net: dict[str, list[NetworkLatency]] = {}
        for row in self.rows:
            by_net.setdefault(row.net, []).append(row)
        for graph in graphs:
            for row in by_net.get(graph.name, ()):
                sigma = hypot(MODEL_SIGMA if row.family else of_part, row.std_s / row.latency_s)
                yield Observation(graph, row.dtype, row.latency_s, sigma, family=row.family)
