"""How well a fit's parameters are known, and which measurement would tell those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import Fit, covariance
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.fitting.pricing import Observation, Vector, prepare
from stairline.calibration.fitting.robust import deviation
from stairline.hwmodels import Platform, with_values
from stairline.measure.plan.configuration import Configuration
from stairline.measure.plan.design_space import dataset
from stairline.measure.plan.file import configurations
from stairline.simulator.walk import plan

_TRIED = 2.0
"""Factor by which a parameter is moved, either way, to see what moves with it, past flat stretches too."""
_TELLING = 0.1
"""Share of a latency that has to go with a parameter for a measurement of it to tell the parameter."""
_LONGEST_SWEEP = 20
"""Values up to which a sweep of the design space is tried out; the longer ones go channel by channel."""


class Telling(NamedTuple):
    """What to measure to learn a parameter: of the design space, what depends on it most."""

    key: str
    configuration: Configuration | None
    """None where nothing depends on it."""
    elasticity: float
    """|d log(latency) / d log(parameter)|."""


def standard_errors(fitted: Fit, sigma: Vector) -> Vector:
    """Standard deviation of the log of each parameter, from the Jacobian at the solution and the prior.

    ``sigma`` are the relative errors of the fitted observations; where these scatter by more, their scatter counts. A
    parameter that no observation tells has the prior's standard deviation.
    """
    scaled = np.array(fitted.log_errors) / sigma
    scatter = max(1.0, deviation(scaled))
    return np.asarray(np.sqrt(np.diag(covariance(fitted.jacobian, scatter))))


def telling(platform: Platform, dtype: str, wanted: Iterable[Parameter]) -> Iterator[Telling]:
    """For each parameter the operator or block whose latency depends on it most."""
    machine = platform.machine(dtype)
    entries = (e for e in dataset((dtype,)) if e.sweep is None or len(e.sweep.values) <= _LONGEST_SWEEP)
    tried = [(one, one.graph()) for one in configurations(entries)]
    priced = [(one, g) for one, g in tried if all(k.rule is not None for k in plan(g, machine).kernels)]
    measured = prepare(platform, (Observation(graph, dtype, 1.0) for _, graph in priced))
    base_s = measured.latencies_s(platform)
    for p in wanted:
        moved = np.zeros(len(measured))
        for value in (max(p.value / _TRIED, p.low), min(p.value * _TRIED, p.high)):
            if value != p.value:
                changed_s = measured.latencies_s(with_values(platform, {p.key: value}))
                moved = np.maximum(moved, np.abs(np.log(changed_s / base_s) / np.log(value / p.value)))
        best = int(np.argmax(moved))
        found = priced[best][0] if moved[best] >= _TELLING else None
        yield Telling(p.key, found, float(moved[best]))
