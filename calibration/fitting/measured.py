"""Measured networks as arrays: planned once, then priced at other rates as often as a fit asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.observation import Observation
from stairline.calibration.records.record import Records
from stairline.hwmodels import Platform
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.arrays import Indices, PlannedNetworks, Request, Vector, plan_networks


@dataclass(frozen=True, eq=False)
class Measured:
    """Networks planned on a platform, with what was measured of each: one observation per row."""

    networks: PlannedNetworks
    families: tuple[str, ...]
    observed_s: Vector
    """The measured latencies, in seconds."""
    sigma: Vector
    """Relative standard deviation of each."""

    def __len__(self) -> int:
        """Number of observations."""
        return len(self.networks)

    @property
    def names(self) -> tuple[str, ...]:
        """The network of each observation."""
        return self.networks.names

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The precision of each observation."""
        return self.networks.dtypes

    def only(self, chosen: Indices) -> Measured:
        """The observations at the given indices, each once, in their order here."""
        kept = np.zeros(len(self), dtype=bool)
        kept[chosen] = True
        return Measured(
            self.networks.only(kept),
            tuple(self.families[i] for i in np.flatnonzero(kept)),
            self.observed_s[kept],
            self.sigma[kept],
        )

    def log_errors(self, platform: Platform) -> Vector:
        """log(predicted / observed) of every observation: the residual that fits and scores share."""
        return np.log(self.networks.latencies_s(platform)) - np.log(self.observed_s)


class _Seen(NamedTuple):
    """What an observation says of its network, without the network's graph."""

    family: str
    latency_s: float
    sigma: float


def prepare(platform: Platform, observations: Iterable[Observation]) -> Measured:
    """Plan every observation on the platform. Graphs and plans are dropped as soon as their kernels are known.

    Raises ValueError without observations, or when one of them is not positive and finite; UnknownOperatorError when
    an operator has no model.
    """
    seen: list[_Seen] = []

    def requests() -> Iterator[Request]:
        for o in observations:
            if not 0.0 < o.latency_s < float("inf"):
                raise ValueError(
                    f"observation of '{o.graph.name}': latency {o.latency_s} s must be positive and finite"
                )
            seen.append(_Seen(o.family, o.latency_s, o.sigma))
            yield Request(o.graph, o.dtype, o.operators_only)

    networks = plan_networks(platform, requests())
    if not seen:
        raise ValueError("nothing to fit: no observations")
    families, observed_s, sigma = zip(*seen)
    return Measured(networks, families, np.array(observed_s), np.array(sigma))


def prepare_records(base: Platform, records: Records, graphs: Iterable[Graph]) -> tuple[Measured, frozenset[str]]:
    """Plan what was measured of these networks on a platform; beside it the names of all of the networks.

    Raises RecordsError where no network has a record.
    """
    names: dict[str, None] = {}

    def noted() -> Iterator[Graph]:
        for graph in graphs:
            names[graph.name] = None
            yield graph

    observations = iter(records.observations(noted()))
    first = next(observations, None)
    if first is None:
        hint = did_you_mean(records.rows[0].net, list(names)[:1000])
        raise RecordsError(
            f"{records.name}: none of its networks is in the layer table, such as '{records.rows[0].net}'{hint}"
        )
    return prepare(base, chain([first], observations)), frozenset(names)
