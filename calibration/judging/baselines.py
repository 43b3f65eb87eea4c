"""What a fit has to beat: predictions that need no fit, and a fit whose latencies say nothing of their networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.measured import Measured
from stairline.simulator.pricing.arrays import Vector

from .verdict import Fact

_FEWEST = 9
"""Observations below which a constant may come close by chance."""
_NO_BETTER = 0.8
"""Part of a constant's mean error from which on a fit has no skill; latencies dealt out at random leave all of it."""
_SLIGHT = 0.1
"""Mean log error below which networks so alike that a constant does as well are no objection."""


class Baselines(NamedTuple):
    """log(predicted / observed) of every observation by predictions that need no fit.

    The ratio and the constant are those of all observations, which flatters both by the one number that they have.
    """

    base: Vector
    """By the base as it stands."""
    scaled: Vector
    """By the base times one ratio."""
    constant: Vector
    """By one latency for all."""


def baselines(measured: Measured, base_errors: Vector) -> Baselines:
    """Predict all observations without a fit; ``base_errors`` are log(predicted / observed) of the base."""
    logs = np.log(measured.observed_s)
    return Baselines(base_errors, base_errors - np.median(base_errors), np.median(logs) - logs)


def about_skill(fold_errors: Vector, beside: Baselines) -> Iterator[Fact]:
    """Whether held-out predictions tell one network from another at all."""
    fitted, constant = (float(np.mean(np.abs(errors))) for errors in (fold_errors, beside.constant))
    if len(fold_errors) >= _FEWEST and fitted > _SLIGHT and fitted > _NO_BETTER * constant:
        found = (
            f"networks held out are off by a factor of {np.exp(fitted):.2f} on average, {np.exp(constant):.2f} by one "
            "latency for all"
        )
        yield Fact("no_skill", found, "do latencies and networks belong together? compare the files line by line")
