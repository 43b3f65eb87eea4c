"""How long measuring a candidate takes, so that candidates can be chosen by their gain for each second."""

from __future__ import annotations

import numpy as np

from stairline.hwmodels.kernels.base import Work
from stairline.measure.timing.protocol import Protocol
from stairline.simulator.pricing.arrays import PlannedNetworks, Vector

PROTOCOL = Protocol(visits=3, max_visits=3, warmups=3, runs=8, max_runs=40, max_s=0.5, visits_per_process=8)
"""Shorter than that of ``measure run``: docs/calibrate.md says what it costs in noise and gains in number."""

_VISIT_S = 0.15
"""What a visit takes beside its runs: a share of a process with its runtime, and two readings of the machine."""
_BUILD_S, _BUILD_KERNEL_S, _BUILD_WEIGHT_S = 0.15, 0.03, 1.5e-7
"""What converting a network takes: once, for each kernel and for each parameter."""


def costs_s(networks: PlannedNetworks, latencies_s: Vector) -> Vector:
    """(networks,): seconds that building and measuring each network takes, from the latencies predicted for them.

    The constants are those of one machine: only their proportions matter, since the pace is learned as it goes.
    """
    weights = networks.totals(networks.works[networks.kernels, Work._fields.index("weight_elements")])
    build_s = _BUILD_S + _BUILD_KERNEL_S * networks.kernel_counts + _BUILD_WEIGHT_S * weights
    # How many runs it takes until the mean is known is not known: halfway between the least and the most.
    most_s = np.maximum(PROTOCOL.runs * latencies_s, np.minimum(PROTOCOL.max_runs * latencies_s, PROTOCOL.max_s))
    runs_s = (PROTOCOL.runs * latencies_s + most_s) / 2.0
    return np.asarray(build_s + PROTOCOL.visits * (_VISIT_S + PROTOCOL.warmups * latencies_s + runs_s))
