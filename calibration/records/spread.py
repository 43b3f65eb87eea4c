"""How widely values scatter, by a statistic that a few outliers do not move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation from the median."""


def deviation(values: NDArray[np.float64]) -> float:
    """Estimate the standard deviation of normal values from their median absolute deviation from the median."""
    return NORMAL * float(np.median(np.abs(values - np.median(values))))
