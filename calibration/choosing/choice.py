"""Which candidates to measure next: those that tell most, for each second they take, about networks not measured yet.

The fit is linearised: a latency tells of the parameters by its row of the Jacobian, d log(latency) / d log(parameter).
What is wanted is a small variance of the predictions for whole networks (I-optimality; Atkinson, Donev and Tobias 2007,
Optimum Experimental Designs, chapter 10), not of the parameters for their own sake. A parameter that the measurements
leave open has the prior's variance and so draws measurements to it, if networks depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from stairline.calibration.errors import RecordsError
from stairline.calibration.fitting.fit import covariance
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.fitting.pricing import PART_SIGMA, Indices, Measured, Observation, Vector, prepare
from stairline.hwmodels import Platform, with_values
from stairline.measure.plan.configuration import Configuration
from stairline.simulator.graph.graph import Graph
from stairline.simulator.walk import plan

_STEP = 0.02
"""Of a logarithm, either way, for a slope."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """What could be measured: configurations, and the same as planned on the base."""

    configurations: tuple[Configuration, ...]
    planned: Measured
    unmodelled: tuple[str, ...] = ()
    """Operators that the base has no model for: what has them is not among these."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.configurations)

    def only(self, kept: Indices) -> Candidates:
        """Those at the given indices, which rise."""
        return replace(
            self, configurations=tuple(self.configurations[i] for i in kept), planned=self.planned.only(kept)
        )


def candidates(base: Platform, dtype: str, configurations: Iterable[Configuration]) -> Candidates:
    """Those of them that the base can predict. Raises RecordsError where it can predict none."""
    kept, observations, unmodelled = [], [], dict[str, None]()
    for one in configurations:
        graph = one.graph()
        missing = _unmodelled(base, dtype, graph)
        unmodelled |= dict.fromkeys(missing)
        if not missing:
            kept.append(one)
            # The latency is not known: only predictions are asked for.
            observations.append(Observation(graph, dtype, 1.0))
    if not kept:
        raise RecordsError(f"{base.name}: predicts none of the operators and networks that a calibration measures")
    return Candidates(tuple(kept), prepare(base, observations), tuple(unmodelled))


def slopes(platform: Platform, free: Sequence[Parameter], planned: Measured) -> Vector:
    """(networks, parameters): d log(latency) / d log(parameter) of each, in no unit."""
    columns = []
    for p in free:
        # Not beyond a bound, where a value may mean nothing.
        ends = max(p.low, p.value * exp(-_STEP)), min(p.high, p.value * exp(_STEP))
        low, high = (np.log(planned.latencies_s(with_values(platform, {p.key: end}))) for end in ends)
        columns.append((high - low) / log(ends[1] / ends[0]))
    return np.stack(columns, axis=1)


def most_informative(
    jacobian: Vector, candidate_slopes: Vector, wanted_slopes: Vector, cost_s: Vector, budget_s: float
) -> list[int]:
    """Indices of the candidates to measure within ``budget_s`` seconds, the best first.

    ``jacobian`` is the fit's (observations, parameters), in units of each observation's sigma; the others are slopes
    of the candidates, operators and blocks, and of the networks whose predictions matter. Each in turn is the one that
    takes most off the summed variance of those predictions for each second, as if the ones before had been measured.
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
    """By how much each row, measured, would lower the summed variance of what is wanted, at that covariance."""
    seen = left_open @ rows.T
    lowered = np.sum((wanted @ seen) ** 2, axis=0) / (1.0 + np.sum(rows.T * seen, axis=0))
    return np.asarray(lowered)


def _unmodelled(base: Platform, dtype: str, graph: Graph) -> tuple[str, ...]:
    planned = plan(graph, base.machine(dtype))
    missing = tuple(planned.graph.layers[k.layers[0]].op for k in planned.kernels if k.rule is None)
    return missing or (("what cannot run there",) if planned.unsupported else ())
