"""Statistics of a sample of times: location, spread, percentiles, and the confidence interval of the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from .errors import MeasureError


@dataclass(frozen=True)
class Statistics:
    """Statistics of raw times, in seconds; percentiles interpolate linearly between neighbours."""

    mean_s: float
    std_s: float
    """Sample standard deviation (n - 1)."""
    ci95_s: float
    """Half-width of the mean's 95 % confidence interval by Student's t."""
    min_s: float
    median_s: float
    mad_s: float
    """Median absolute deviation from the median, not scaled."""
    p90_s: float
    p95_s: float
    p99_s: float


def statistics(times_s: Sequence[float]) -> Statistics:
    """The statistics of two or more times; the confidence interval takes them as independent. Raises MeasureError."""
    import numpy as np

    times = np.asarray(times_s, dtype=np.float64)
    if len(times) < 2:
        raise MeasureError(f"{len(times)} run: an interval needs at least 2")
    std_s = float(times.std(ddof=1))
    ci95_s = ci95(std_s, len(times))
    median_s = float(np.median(times))
    mad_s = float(np.median(np.abs(times - median_s)))
    p90_s, p95_s, p99_s = (float(value) for value in np.percentile(times, (90, 95, 99)))
    return Statistics(float(times.mean()), std_s, ci95_s, float(times.min()), median_s, mad_s, p90_s, p95_s, p99_s)


def ci95(std: float, count: int) -> float:
    """Half-width of the 95 % confidence interval of a mean, in the unit of the sample's standard deviation."""
    return student_t975(count - 1) * std / sqrt(count)


def student_t975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t with that many degrees of freedom.

    Without scipy, which boards lack, it is an expansion around the normal quantile (Abramowitz and Stegun, 26.7.5):
    right to 0.1 % from 9 degrees of freedom on, and too small below.
    """
    try:
        from scipy.special import stdtrit
    except ImportError:
        z = 1.959963985
        second, third = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        fourth = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return float(z + second / freedom + third / freedom**2 + fourth / freedom**3)
    return float(stdtrit(freedom, 0.975))
