"""Statistics that a few outliers do not move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median distance from the median."""


def deviation(values: NDArray[np.float64]) -> float:
    """The standard deviation that the median distance from the median tells of a normal distribution."""
    return NORMAL * float(np.median(np.abs(values - np.median(values))))
