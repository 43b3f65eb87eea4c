"""Fitting a platform's rates to measured latencies: bounded, robust least squares on log ratios.

Structure (tiles, fusion, partition) is not fitted: a network's plan is made once and only re-priced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from hwmodels import Platform, with_values
from simulator.graph import Graph
from simulator.plan import Plan, plan, rebind
from simulator.predict import Prediction, predict, predict_plan

from .parameters import Parameter, parameters

Vector = NDArray[np.float64]

PRIOR_SIGMA = 3.0
"""Standard deviation of a parameter around its stated value, in natural-log units: a factor of 20, so that only what
the observations leave undecided stays put."""


class Observation(NamedTuple):
    """A measured latency of a network at a precision, in seconds. ``sigma`` is its relative standard deviation."""

    graph: Graph
    dtype: str
    latency_s: float
    sigma: float = 0.02
    operators_only: bool = False
    """True where transfer and per-inference cost are not in the measurement (the paper's single operators, blocks)."""


class Fit(NamedTuple):
    """A fitted platform, its parameters, and log(predicted / observed) for each observation."""

    platform: Platform
    parameters: tuple[Parameter, ...]
    log_errors: tuple[float, ...]


def fit(platform: Platform, observations: Sequence[Observation], *, prior_sigma: float = PRIOR_SIGMA) -> Fit:
    """Fit the quantities that ``platform`` marks ``fit`` to the observations, each on a logarithmic scale.

    Raises ValueError without observations, or when one of them is not positive and finite.
    """
    for o in observations:
        if not 0.0 < o.latency_s < float("inf"):
            raise ValueError(f"observation of '{o.graph.name}': latency {o.latency_s} s must be positive and finite")
    if not observations:
        raise ValueError("nothing to fit: no observations")
    free = parameters(platform, frozenset(o.dtype for o in observations))
    plans = [plan(o.graph, platform.machine(o.dtype)) for o in observations]
    log_errors = _log_errors(platform, free, observations, plans)
    low, start, high = (np.log([max(v, p.high * 1e-6) for p, v in zip(free, vs)]) for vs in _columns(free))
    weights = np.array([1.0 / o.sigma for o in observations])

    def residuals(x: Vector) -> Vector:
        return np.concatenate([log_errors(x) * weights, (x - start) / prior_sigma])

    solution = least_squares(
        residuals,
        start,
        bounds=(low - 1e-9, high + 1e-9),
        loss="soft_l1",
    )
    fitted = with_values(platform, _values(free, solution.x))
    final = tuple(p._replace(value=exp(v)) for p, v in zip(free, solution.x))
    return Fit(fitted, final, tuple(float(e) for e in log_errors(solution.x)))


def leave_one_out(platform: Platform, observations: Sequence[Observation]) -> tuple[float, ...]:
    """log(predicted / observed) of every observation under a fit to all observations of the other networks."""
    errors: dict[int, float] = {}
    for name in dict.fromkeys(o.graph.name for o in observations):
        fitted = fit(platform, [o for o in observations if o.graph.name != name]).platform
        for i, o in enumerate(observations):
            if o.graph.name == name:
                errors[i] = log(_latency_s(predict(o.graph, fitted, o.dtype), o) / o.latency_s)
    return tuple(errors[i] for i in range(len(observations)))


def _latency_s(prediction: Prediction, observation: Observation) -> float:
    return prediction.operators_s if observation.operators_only else prediction.latency_s


def _columns(free: Sequence[Parameter]) -> tuple[list[float], list[float], list[float]]:
    return [p.low for p in free], [p.value for p in free], [p.high for p in free]


def _values(free: Sequence[Parameter], x: Vector) -> dict[str, float]:
    return {p.key: min(max(exp(v), p.low), p.high) for p, v in zip(free, x)}


def _log_errors(
    platform: Platform, free: Sequence[Parameter], observations: Sequence[Observation], plans: Sequence[Plan]
) -> Callable[[Vector], Vector]:
    observed = np.log([o.latency_s for o in observations])

    def log_errors(x: Vector) -> Vector:
        changed = with_values(platform, _values(free, x))
        predicted = [
            _latency_s(predict_plan(rebind(p, changed.machine(o.dtype))), o) for p, o in zip(plans, observations)
        ]
        return np.log(predicted) - observed

    return log_errors
