"""Fitting a platform's rates to measured latencies: bounded, robust least squares on log ratios.

Structure (tiles, fusion, partition) is not fitted: a network's plan is made once and only re-priced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from stairline.calibration.records.observation import Observation
from stairline.hwmodels import Platform, with_values
from stairline.simulator.pricing.arrays import Vector

from .measured import Measured, prepare
from .parameters import Parameter, parameters

PRIOR_SIGMA = 3.0
"""Standard deviation of a parameter around its stated value, in natural-log units: a factor of 20, so that only what
the observations leave undecided stays put."""


MOST_JUMPS = 6
"""Restarts from a point that a descent could not reach."""

_NO_WORSE = 0.5
"""Loss by which a fit may be worse at a value that the observations leave possible: one standard deviation."""

_JUMPS = np.log([0.3, 0.6, 1.6, 3.0])
"""Factors by which one parameter at a time is tried out, past the flat stretch that a descent is stuck on."""


class Fit(NamedTuple):
    """A fitted platform, its parameters, and log(predicted / observed) for each observation."""

    platform: Platform
    parameters: tuple[Parameter, ...]
    log_errors: tuple[float, ...]
    converged: bool
    jacobian: Vector
    """(observations, parameters): d log(predicted) / d log(parameter) at the solution, each row in units of its
    observation's sigma and eased off by the robust loss."""
    unreached: tuple[int, ...] = ()
    """Parameters, by their place, that no observation determines: they stay at the base's value."""
    flat: tuple[int, ...] = ()
    """Parameters that no observation depends on near the fitted value, though at the base's the fit would be worse."""


def fit(platform: Platform, observations: Sequence[Observation], *, prior_sigma: float = PRIOR_SIGMA) -> Fit:
    """Fit the quantities that ``platform`` marks ``fit`` to the observations, each on a logarithmic scale.

    Raises ValueError without observations or free parameters, or when a latency is not positive and finite.
    """
    return fit_measured(platform, prepare(platform, observations), prior_sigma=prior_sigma)


def fit_measured(platform: Platform, measured: Measured, *, prior_sigma: float = PRIOR_SIGMA) -> Fit:
    """Fit the quantities that ``platform`` marks ``fit`` to observations that ``prepare`` has planned on it.

    Raises ValueError without free parameters.
    """
    free = parameters(platform, frozenset(measured.dtypes))
    if not free:
        raise ValueError(f"{platform.name}: nothing to fit: no number that bears on the observations is marked fit")
    low, start, high = (np.log([max(v, p.high * 1e-6) for p, v in zip(free, vs)]) for vs in _columns(free))

    def residuals(x: Vector) -> Vector:
        errors = measured.log_errors(with_values(platform, _values(free, x)))
        return np.concatenate([errors / measured.sigma, (x - start) / prior_sigma])

    def solve(x: Vector) -> Any:
        bounds = (low - 1e-9, high + 1e-9)
        return least_squares(residuals, x, bounds=bounds, loss="soft_l1", ftol=1e-6, xtol=1e-6)

    solution = solve(start)
    for _ in range(MOST_JUMPS):
        better = _jump(residuals, solution.x, low, high)
        if better is None:
            break
        solution = solve(better)
    x, unreached, flat = _left_open(residuals, solution, start)
    fitted = with_values(platform, _values(free, x))
    final = tuple(p._replace(value=exp(v)) for p, v in zip(free, x))
    errors = tuple(float(e) for e in measured.log_errors(fitted))
    return Fit(fitted, final, errors, bool(solution.success), solution.jac[: len(measured)], unreached, flat)


def covariance(jacobian: Vector, scatter: float = 1.0) -> Vector:
    """(parameters, parameters): covariance of the logs of the parameters, from a ``Fit.jacobian`` and the prior.

    ``scatter`` is the standard deviation of the observations' errors over their sigma.
    """
    known = jacobian.T @ jacobian / scatter**2
    return np.asarray(np.linalg.inv(known + np.eye(len(known)) / PRIOR_SIGMA**2))


def leave_one_out(platform: Platform, observations: Sequence[Observation]) -> tuple[float, ...]:
    """log(predicted / observed) of every observation under a fit to all observations of the other networks."""
    measured = prepare(platform, observations)
    errors, names = np.zeros(len(measured)), np.array(measured.names)
    for name in dict.fromkeys(measured.names):
        fitted = fit_measured(platform, measured.only(np.flatnonzero(names != name))).platform
        own = np.flatnonzero(names == name)
        errors[own] = measured.only(own).log_errors(fitted)
    return tuple(float(e) for e in errors)


def _left_open(
    residuals: Callable[[Vector], Vector], solution: Any, start: Vector
) -> tuple[Vector, tuple[int, ...], tuple[int, ...]]:
    """The solution with what no observation determines back at its start, the places of these, and of what is flat.

    A number without a gradient at the solution is determined by no observation if the start fits as well.
    """
    x = solution.x.copy()
    effect = np.linalg.norm(solution.jac[: -len(x)], axis=0)
    unreached, flat = [], []
    for i in np.flatnonzero(effect * PRIOR_SIGMA <= 1.0).tolist():
        back = x.copy()
        back[i] = start[i]
        if _loss(residuals(back)) <= _loss(residuals(x)) + _NO_WORSE:
            x = back
            unreached.append(i)
        else:
            flat.append(i)
    return x, tuple(unreached), tuple(flat)


def _jump(residuals: Callable[[Vector], Vector], x: Vector, low: Vector, high: Vector) -> Vector | None:
    """A point with one parameter far from ``x`` that fits at least 1 % better; None where there is none.

    A kernel takes the longest of its bounds, so a parameter of a bound that no kernel meets has no gradient at all.
    """
    tried = [np.clip(x + step * axis, low, high) for axis in np.eye(len(x)) for step in _JUMPS]
    losses = [_loss(residuals(point)) for point in tried]
    best = int(np.argmin(losses))
    return tried[best] if losses[best] < 0.99 * _loss(residuals(x)) else None


def _loss(residuals: Vector) -> float:
    """The soft L1 loss that the descent lowers."""
    return float(np.sum(np.sqrt(1.0 + residuals**2) - 1.0))


def _columns(free: Sequence[Parameter]) -> tuple[list[float], list[float], list[float]]:
    return [p.low for p in free], [p.value for p in free], [p.high for p in free]


def _values(free: Sequence[Parameter], x: Vector) -> dict[str, float]:
    return {p.key: min(max(exp(v), p.low), p.high) for p, v in zip(free, x)}
