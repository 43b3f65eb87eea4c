"""Estimating a sibling of a calibrated device by a handful of observations: factors, and how well they are known."""

from __future__ import annotations

from math import exp, isfinite, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import norm, t

from stairline.calibration.fitting.measured import Measured
from stairline.calibration.judging.intervals import COVERAGE, Interval, averaged, conformal_factor, outline
from stairline.calibration.judging.scores import SEED
from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels import Platform
from stairline.hwmodels.domain import Domain
from stairline.hwmodels.provenance import at_dtype
from stairline.hwmodels.schema import WIDEST
from stairline.simulator import zoo
from stairline.simulator.pricing.arrays import PlannedNetworks, Request, Vector, plan_networks
from stairline.simulator.walk import plan

from .siblings import Hierarchy

MOST_LEFT_OUT = 20
"""Times that the transfer is repeated without some of the networks; up to so many, each is left out by itself."""

_PRIOR_OBSERVATIONS = 5.0
"""Weight of the stated uncertainty against the errors that are met, in observations."""
_STEP = 1e-3


class Moved(NamedTuple):
    """The sibling, its log factors, and their covariance at the solution."""

    platform: Platform
    factors: Vector
    covariance: Vector


class Structure(NamedTuple):
    """The error of the models on the device that they were calibrated on: moved, they are no better."""

    sigma: float
    """Standard deviation of the log error of a kernel."""
    common: float
    """Share of its square that all kernels of a network have together; see ``hwmodels.schema.Uncertainty``."""
    unlike_sigma: float
    """Standard deviation of the log error of a kernel in networks unlike all that were calibrated."""
    domain: Domain | None

    def sigmas(self, platform: Platform, measured: Measured) -> Vector:
        """(networks,): standard deviation of the log error of each network."""
        return self.sigma * averaged(self.common, outline(platform, measured).concentrations)


class SiblingEstimate(NamedTuple):
    """A sibling as some observations determine it, and how well its other networks are predicted."""

    moved: Moved
    left_out: Vector
    """log(predicted / observed) of every observation by a transfer to those of the other networks."""
    surprise: float
    """Root mean square of ``left_out`` in units of the deviation predicted for each: 1 on a sibling as expected."""
    interval: Interval
    """The interval of networks that were not measured."""


def structure(calibrated: Platform, dtype: str) -> Structure:
    """Derive the error of the models from the calibrated interval, without a residual: a residual stays behind."""
    overlay = calibrated.overlay
    stated = (overlay and overlay.analytical_uncertainty) or calibrated.file.uncertainty
    factor = at_dtype(stated.factor, dtype).value
    deviations = float(norm.ppf((1.0 + COVERAGE) / 2.0))
    unlike_sigma = log(stated.unlike_factor or factor) / deviations
    return Structure(log(factor) / deviations, stated.common, unlike_sigma, overlay.domain if overlay else None)


def move(space: Hierarchy, measured: Measured, sigma: Vector, start: Vector | None = None) -> Moved:
    """Find the most probable factors, given the observations and ``sigma``, the structure's log error on each."""
    weight = np.hypot(measured.sigma, sigma)

    def residuals(factors: Vector) -> Vector:
        return np.concatenate([measured.log_errors(space.platform(factors)) / weight, factors / space.sigmas])

    def jacobian(factors: Vector) -> Vector:
        return np.vstack([slopes(space, measured.networks, factors) / weight[:, None], np.diag(1.0 / space.sigmas)])

    first = np.zeros(len(space.sigmas)) if start is None else start
    solution = least_squares(residuals, first, jacobian, loss="soft_l1", ftol=1e-4, xtol=1e-3)
    return Moved(space.platform(solution.x), solution.x, np.linalg.inv(solution.jac.T @ solution.jac))


def slopes(space: Hierarchy, networks: PlannedNetworks, factors: Vector) -> Vector:
    """(networks, factors): d log(latency) / d log(factor)."""
    here = np.log(networks.latencies_s(space.platform(factors)))
    steps = factors + _STEP * np.eye(len(factors))
    moved = [np.log(networks.latencies_s(space.platform(at))) for at in steps]
    return np.column_stack([(there - here) / _STEP for there in moved])


def estimate_sibling(space: Hierarchy, measured: Measured, error: Structure, usual: PlannedNetworks) -> SiblingEstimate:
    """Move the sibling to the observations. ``usual`` are networks as people will ask for, for the interval.

    Their predictive variance is that of the structure, and what the records leave open of the factors, which is alike
    for all kernels of a network. It grows, never shrinks, with the errors met on networks left out, each in units of
    the deviation predicted for it, and as there are few of them, by Student's t. From 9 of them on it is at least as
    wide as nine in ten of these errors ask for (split conformal).
    """
    sigma = error.sigmas(space.centre, measured)
    moved = move(space, measured, sigma)
    left_out, surprises = _left_out(space, measured, sigma, moved.factors)
    degrees = _PRIOR_OBSERVATIONS + len(surprises)
    surprise = sqrt(float(np.mean(surprises**2)))
    scale = max(1.0, sqrt((_PRIOR_OBSERVATIONS + len(surprises) * surprise**2) / degrees))
    deviations = float(t.ppf((1.0 + COVERAGE) / 2.0, degrees)) * scale
    left_open = float(np.mean(_left_open(space, moved, usual)))
    factor, unlike = (
        exp(min(deviations * sqrt(left_open + own**2), log(WIDEST)))
        for own in (error.sigma, max(error.sigma, error.unlike_sigma))
    )
    common = (left_open + error.common * error.sigma**2) / (left_open + error.sigma**2)
    met = conformal_factor(left_out / averaged(common, outline(space.centre, measured).concentrations))
    factor = max(factor, met) if isfinite(met) else factor
    return SiblingEstimate(moved, left_out, surprise, Interval(factor, common, max(factor, unlike), error.domain))


def _left_open(space: Hierarchy, moved: Moved, networks: PlannedNetworks) -> Vector:
    """Variance of each network's log latency from what is not known of the factors."""
    found = slopes(space, networks, moved.factors)
    return np.asarray(np.einsum("ij,jk,ik->i", found, moved.covariance, found))


def built_in(platform: Platform, dtype: str) -> PlannedNetworks:
    """Plan the zoo's networks that the platform models. Raises RecordsError without any."""
    machine = platform.machine(dtype)
    graphs = [zoo.build(name) for name in zoo.MODELS]
    known = [g for g in graphs if all(k.rule is not None for k in plan(g, machine).kernels)]
    if not known:
        raise RecordsError(f"{platform.name}: models none of the built-in networks, which its interval is derived from")
    return plan_networks(platform, (Request(graph, dtype) for graph in known))


def _left_out(space: Hierarchy, measured: Measured, sigma: Vector, start: Vector) -> tuple[Vector, Vector]:
    """Errors on networks left out of the transfer, and the same in units of the deviation predicted for each."""
    names, network = np.unique(measured.names, return_inverse=True)
    part = np.random.default_rng(SEED).permutation(len(names)) % min(len(names), MOST_LEFT_OUT)
    errors, deviations = np.zeros(len(measured)), np.zeros(len(measured))
    for one in np.unique(part):
        own, others = np.flatnonzero(part[network] == one), np.flatnonzero(part[network] != one)
        moved = move(space, measured.only(others), sigma[others], start) if len(others) else _unmoved(space)
        left = measured.only(own)
        errors[own] = left.log_errors(moved.platform)
        deviations[own] = np.sqrt(_left_open(space, moved, left.networks) + sigma[own] ** 2 + left.sigma**2)
    return errors, errors / deviations


def _unmoved(space: Hierarchy) -> Moved:
    return Moved(space.centre, np.zeros(len(space.sigmas)), np.diag(space.sigmas**2))
