"""How long measuring a candidate takes, so that candidates can be chosen by what they tell for each second."""

from __future__ import annotations

import numpy as np

from stairline.calibration.fitting.pricing import Measured, Vector
from stairline.hwmodels.kernels.base import Work
from stairline.measure.timing.protocol import Protocol

PROTOCOL = Protocol(visits=3, max_visits=3, warmups=3, runs=8, max_runs=40, max_s=0.5, visits_per_process=8)
"""Shorter than that of ``measure run``: docs/calibrate.md says what it costs in noise and gains in number."""

_VISIT_S = 0.15
"""A share of a process with its runtime, and the two readings of the machine."""
_BUILD_S, _BUILD_KERNEL_S, _BUILD_WEIGHT_S = 0.15, 0.03, 1.5e-7
"""Converting a network: once, for each kernel and for each parameter."""


def costs_s(planned: Measured, latencies_s: Vector) -> Vector:
    """Seconds that building and measuring each network takes, from the latency that is predicted for it.

    The constants are those of one machine: only their proportions matter, since the pace is learned as it goes.
    """
    starts = np.cumsum(planned.sizes) - planned.sizes
    weights = np.add.reduceat(planned.works[planned.kernels, Work._fields.index("weight_elements")], starts)
    build_s = _BUILD_S + _BUILD_KERNEL_S * planned.sizes + _BUILD_WEIGHT_S * weights
    # How many runs it takes until the mean is known is not known: halfway between the least and the most.
    most_s = np.maximum(PROTOCOL.runs * latencies_s, np.minimum(PROTOCOL.max_runs * latencies_s, PROTOCOL.max_s))
    runs_s = (PROTOCOL.runs * latencies_s + most_s) / 2.0
    return np.asarray(build_s + PROTOCOL.visits * (_VISIT_S + PROTOCOL.warmups * latencies_s + runs_s))
