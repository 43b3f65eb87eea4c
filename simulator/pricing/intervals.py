"""The 90 % interval of a prediction, of a kernel and of the network: the true latency lies within [t / f, t f].

``hwmodels.schema.Uncertainty`` says how f follows from the numbers of a platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

from stairline.hwmodels.platform import Machine
from stairline.simulator.mapping.plan import Plan


def kernel_factor(machine: Machine, unlikeness: float) -> float:
    """The factor f of one kernel.

    ``unlikeness`` says how far its network is from the calibrated ones, from 0 to 1; the logarithm of f grows with it.
    """
    spread = machine.uncertainty
    return float(spread.factor ** (1.0 - unlikeness) * spread.unlike_factor**unlikeness)


def network_factor(planned: Plan, kernels_s: Sequence[float], latency_s: float, unlikeness: float) -> float:
    """The factor f of a network, from the times in seconds of its modelled kernels.

    Time on a fallback counts with the fallback's factor; ``unlikeness`` is as for ``kernel_factor``.
    """
    machine = planned.machine
    factor = kernel_factor(machine, unlikeness)
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
    """The log error of a network divided by that of one kernel, where kernels take these ``shares`` of its time.

    ``common`` is the share of the variance that all kernels have in common.
    """
    return sqrt(common + (1.0 - common) * sum(share * share for share in shares))
