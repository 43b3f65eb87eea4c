"""Which candidates to measure next: those that, for each second they take, lower the variance of predictions most.

The fit is linearised: a latency depends on the parameters by its row of the Jacobian, which holds d log(latency) /
d log(parameter).
What is wanted is a small variance of the predictions for whole networks (I-optimality; Atkinson, Donev and Tobias 2007,
Optimum Experimental Designs, chapter 10), not of the parameters for their own sake. A parameter that the measurements
leave open has the prior's variance and so draws measurements to it, if networks depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from stairline.calibration.fitting.fit import covariance
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.records.errors import RecordsError
from stairline.calibration.records.observation import PART_SIGMA
from stairline.hwmodels import Platform, with_values
from stairline.measure.plan.configuration import Configuration
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.arrays import PlannedNetworks, Request, Vector, plan_networks
from stairline.simulator.walk import plan

_STEP = 0.02
"""Step of a parameter's logarithm, either way, for a slope."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """What could be measured: configurations, and their networks as planned on the base."""

    configurations: tuple[Configuration, ...]
    networks: PlannedNetworks
    unmodelled: tuple[str, ...] = ()
    """Operators that the base has no model for: no candidate has any of them."""

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.configurations)

    def only(self, kept: NDArray[np.bool_]) -> Candidates:
        """The candidates that ``kept`` (candidates,) marks, in their order."""
        chosen = tuple(self.configurations[i] for i in np.flatnonzero(kept))
        return replace(self, configurations=chosen, networks=self.networks.only(kept))


def candidates(base: Platform, dtype: str, configurations: Iterable[Configuration]) -> Candidates:
    """Plan the configurations that the base can predict. Raises RecordsError where it can predict none."""
    kept, requests, unmodelled = [], [], dict[str, None]()
    for one in configurations:
        graph = one.graph()
        missing = _unmodelled(base, dtype, graph)
        unmodelled |= dict.fromkeys(missing)
        if not missing:
            kept.append(one)
            requests.append(Request(graph, dtype))
    if not kept:
        raise RecordsError(f"{base.name}: predicts none of the operators and networks that a calibration measures")
    return Candidates(tuple(kept), plan_networks(base, requests), tuple(unmodelled))


def slopes(platform: Platform, free: Sequence[Parameter], networks: PlannedNetworks) -> Vector:
    """(networks, parameters): d log(latency) / d log(parameter), without a unit."""
    columns = []
    for p in free:
        # Not beyond a bound, where a value may mean nothing.
        ends = max(p.low, p.value * exp(-_STEP)), min(p.high, p.value * exp(_STEP))
        low, high = (np.log(networks.latencies_s(with_values(platform, {p.key: end}))) for end in ends)
        columns.append((high - low) / log(ends[1] / ends[0]))
    return np.stack(columns, axis=1)


def most_informative(
    jacobian: Vector, candidate_slopes: Vector, wanted_slopes: Vector, cost_s: Vector, budget_s: float
) -> list[int]:
    """Indices of the candidates to measure within ``budget_s`` seconds, the best first.

    ``jacobian`` is the fit's (observations, parameters), in units of each observation's sigma; the others are slopes
    of the candidates, operators and blocks, and of the networks whose predictions matter. Each in turn is the one that
    lowers the summed variance of those predictions most for each second, as if the ones before had been measured.
    """
    rows = candidate_slopes / PART_SIGMA
    left_open = covariance(jacobian)
    chosen: list[int] = []
    open_ = np.ones(len(rows), dtype=bool)
    while True:
        gain_s = np.where(open_ & (cost_s <= budget_s), _gains(left_open, rows, wanted_slopes) / cost_s, -1.0)
        best = int(np.argmax(gain_s))
        if gain_s[best] <= 0.0:
            return chosen
        chosen.append(best)
        open_[best] = False
        budget_s -= float(cost_s[best])
        # The covariance after one more observation (Sherman and Morrison 1950).
        seen = left_open @ rows[best]
        left_open = left_open - np.outer(seen, seen) / (1.0 + float(rows[best] @ seen))


def _gains(left_open: Vector, rows: Vector, wanted: Vector) -> Vector:
    """(candidates,): by how much measuring each would lower the summed variance of the wanted predictions.

    ``left_open`` is the covariance of the parameters before it.
    """
    seen = left_open @ rows.T
    lowered = np.sum((wanted @ seen) ** 2, axis=0) / (1.0 + np.sum(rows.T * seen, axis=0))
    return np.asarray(lowered)


def _unmodelled(base: Platform, dtype: str, graph: Graph) -> tuple[str, ...]:
    planned = plan(graph, base.machine(dtype))
    missing = tuple(planned.graph.layers[k.layers[0]].op for k in planned.kernels if k.rule is None)
    return missing or (("what cannot run there",) if planned.unsupported else ())
