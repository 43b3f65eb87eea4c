"""Whether a runtime runs two operators as one kernel: from the time of each alone and of both in a row.

Two kernels take as long as the sum. In one kernel the smaller operator's own time is gone: its data is not written and
read again. What was saved says which of the two is likelier, and how sure that is by the noise of the three times.
"""

from __future__ import annotations

from math import exp, hypot
from typing import NamedTuple

SURE = 0.95
"""Probability from which a finding is told."""


class Fusion(NamedTuple):
    """A finding about a producer and its consumer."""

    fused: bool | None
    """None where the noise leaves both possible."""
    confidence: float
    """Probability of the likelier of the two, 0.5 to 1."""
    saved: float
    """The time saved over that of the smaller operator: about 1 in one kernel, about 0 in two."""


def fusion(first_s: float, second_s: float, both_s: float, noise: float, called_s: float = 0.0) -> Fusion:
    """Judge three latencies with a relative standard deviation of ``noise`` each.

    ``called_s`` is what an inference takes beside its operators, which the sum has twice. One kernel would save the
    smaller time, two nothing; with normal errors and no leaning to either, the odds follow from the distance to both
    (Bayes). Raises ValueError for a time that is not positive.
    """
    if min(first_s, second_s, both_s, noise) <= 0.0:
        raise ValueError(f"times {first_s}, {second_s}, {both_s} s, noise {noise}: all must be positive")
    saved_s = first_s + second_s - both_s - called_s
    smaller_s = max(min(first_s, second_s) - called_s, 0.0)
    sigma_s = noise * hypot(first_s, second_s, both_s)
    if smaller_s == 0.0:
        return Fusion(None, 0.5, 0.0)
    log_odds = smaller_s * (2.0 * saved_s - smaller_s) / (2.0 * sigma_s**2)
    confidence = 1.0 / (1.0 + exp(-min(abs(log_odds), 700.0)))
    return Fusion(log_odds > 0.0 if confidence >= SURE else None, confidence, saved_s / smaller_s)
