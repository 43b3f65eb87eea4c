"""How well a fit's parameters are known, and which measurement would determine the others best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import Fit, covariance
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.records.spread import deviation
from stairline.hwmodels import Platform, with_values
from stairline.measure.plan.configuration import Configuration
from stairline.measure.plan.design_space import dataset
from stairline.measure.plan.file import configurations
from stairline.simulator.pricing.arrays import Request, Vector, plan_networks
from stairline.simulator.walk import plan

_TRIED = 2.0
"""Factor by which a parameter is changed, either way, to see which latencies change, past flat stretches too."""
_LEAST_ELASTICITY = 0.1
"""Elasticity of a latency in a parameter below which measuring it does not determine the parameter."""
_LONGEST_SWEEP = 20
"""Values up to which a sweep of the design space is tried; the longer ones go channel by channel."""


class BestMeasurement(NamedTuple):
    """The measurement of the design space that determines a parameter best: its latency depends on it most."""

    key: str
    configuration: Configuration | None
    """The operator or block to measure; None where nothing in the design space depends on the parameter."""
    elasticity: float
    """|d log(latency) / d log(parameter)|."""


def standard_errors(fitted: Fit, sigma: Vector) -> Vector:
    """Standard deviation of the log of each parameter, from the Jacobian at the solution and the prior.

    ``sigma`` are the relative errors of the fitted observations; where these scatter by more, their scatter counts. A
    parameter on which no observation depends has the prior's standard deviation.
    """
    scaled = np.array(fitted.log_errors) / sigma
    scatter = max(1.0, deviation(scaled))
    return np.asarray(np.sqrt(np.diag(covariance(fitted.jacobian, scatter))))


def best_measurements(platform: Platform, dtype: str, wanted: Iterable[Parameter]) -> Iterator[BestMeasurement]:
    """Find for each parameter the operator or block of the design space whose latency depends on it most."""
    machine = platform.machine(dtype)
    entries = (e for e in dataset((dtype,)) if e.sweep is None or len(e.sweep.values) <= _LONGEST_SWEEP)
    tried = [(one, one.graph()) for one in configurations(entries)]
    priced = [(one, g) for one, g in tried if all(k.rule is not None for k in plan(g, machine).kernels)]
    networks = plan_networks(platform, (Request(graph, dtype) for _, graph in priced))
    base_s = networks.latencies_s(platform)
    for p in wanted:
        elasticities = np.zeros(len(networks))
        for value in (max(p.value / _TRIED, p.low), min(p.value * _TRIED, p.high)):
            if value != p.value:
                changed_s = networks.latencies_s(with_values(platform, {p.key: value}))
                elasticities = np.maximum(elasticities, np.abs(np.log(changed_s / base_s) / np.log(value / p.value)))
        best = int(np.argmax(elasticities))
        found = priced[best][0] if elasticities[best] >= _LEAST_ELASTICITY else None
        yield BestMeasurement(p.key, found, float(elasticities[best]))
