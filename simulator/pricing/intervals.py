"""The 90 % interval of a prediction, of a kernel and of the network: the true latency lies within [t / f, t f].

``hwmodels.schema.Uncertainty`` says how f follows from the numbers of a platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

from stairline.hwmodels.platform import Machine
from stairline.simulator.mapping.plan import Plan


def kernel_factor(machine: Machine, unlike: str) -> float:
    """f of one kernel; ``unlike`` says in what its network is unlike all calibrated ones, empty where it is not."""
    return machine.uncertainty.unlike_factor if unlike else machine.uncertainty.factor


def network_factor(planned: Plan, kernels_s: Sequence[float], latency_s: float, unlike: str) -> float:
    """f of a network from the times of its modelled kernels; time on a fallback counts with the fallback's factor."""
    machine = planned.machine
    factor = kernel_factor(machine, unlike)
    if latency_s == 0.0:
        return factor
    if planned.fallbacks:
        elsewhere = [
            time_s * (k.machine.uncertainty.factor - factor)
            for time_s, k in zip(kernels_s, (k for k in planned.kernels if k.rule is not None))
            if k.machine is not machine
        ]
        factor += sum(elsewhere) / latency_s
    common = machine.uncertainty.common
    return factor if common == 1.0 else factor ** averaging(common, (time_s / latency_s for time_s in kernels_s))


def averaging(common: float, shares: Iterable[float]) -> float:
    """How much of a kernel's log error is left in a network whose kernels take these shares of its time."""
    return sqrt(common + (1.0 - common) * sum(share * share for share in shares))
