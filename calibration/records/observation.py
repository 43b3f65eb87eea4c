"""One measured latency with the network it was measured of, as a fit takes it."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.graph.graph import Graph

MODEL_SIGMA = 0.02
"""Relative error that the structure of a hardware model leaves even where the measurement is exact."""
PART_SIGMA = 0.2
"""Relative error that the models leave of a single operator or block among the records of networks: run again and
again, it finds its data in nearer caches than it does inside a network."""


class Observation(NamedTuple):
    """A measured latency of a network at a precision, in seconds. ``sigma`` is its relative standard deviation."""

    graph: Graph
    dtype: str
    latency_s: float
    sigma: float = MODEL_SIGMA
    operators_only: bool = False
    """True where transfers and the cost per inference are not in the measurement (the paper's operators and blocks)."""
    family: str = ""
    """The family of networks that are much alike to which it belongs; empty for what is no whole network."""
