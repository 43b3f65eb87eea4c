"""The verdict of each row, such that the share of false flags among all flags is controlled."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .join import Joined

Verdict = Literal["agrees", "diverges", "cannot_tell", "unmatched"]
Vector = NDArray[np.float64]

HALF_90 = 1.6449
"""Half of a 90 % interval in standard deviations."""
LEAST_SIGMA = 0.01
"""Relative standard deviation below which nobody states a latency: models round shapes, and runs differ."""


class Row(NamedTuple):
    """A joined row with its verdict. Logarithms are of measured over predicted; None for unmatched rows."""

    joined: Joined
    log_ratio: float | None
    sigma: float
    """Standard deviation of the log ratio, were prediction and measurement right."""
    noise: float | None
    """Relative standard deviation of the measurement; None where it is not known."""
    verdict: Verdict
    flags: tuple[str, ...]

    @property
    def z(self) -> float | None:
        """The divergence in standard deviations, negative where the prediction is too short."""
        return None if self.log_ratio is None else -self.log_ratio / self.sigma

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured."""
        return None if self.log_ratio is None else exp(-self.log_ratio) - 1.0

    @property
    def diverges(self) -> bool:
        """Whether the row is flagged."""
        return self.verdict == "diverges"


def judged(rows: Sequence[Joined], false_discovery: float) -> list[Row]:
    """Rows with verdicts; of those that diverge, the share ``false_discovery`` at most is expected to be wrong.

    Benjamini-Hochberg over the two-sided probabilities of the log ratios under normal errors, whose deviation is that
    of the stated 90 % interval and of the measurement's own noise together.
    """
    from scipy.special import ndtr
    from scipy.stats import false_discovery_control

    tested = [i for i, row in enumerate(rows) if row.predicted_s and row.measured_s]
    ratios = np.array([log((rows[i].measured_s or 0.0) / (rows[i].predicted_s or 1.0)) for i in tested])
    noise = np.array([_noise(rows[i]) or 0.0 for i in tested])
    model = np.array([log(max(rows[i].factor, 1.0)) / HALF_90 for i in tested])
    sigma = np.sqrt(model**2 + noise**2 + LEAST_SIGMA**2)
    p = np.asarray(2.0 * ndtr(-np.abs(ratios) / sigma))
    bounded = np.array(["lower_bound" in rows[i].flags for i in tested], dtype=bool)
    p = np.where(bounded & (ratios > 0.0), 1.0, p)
    adjusted = false_discovery_control(p) if len(p) else p
    found: dict[int, Row] = {}
    for place, i in enumerate(tested):
        flagged = bool(adjusted[place] <= false_discovery)
        found[i] = _row(rows[i], ratios[place], sigma[place], noise[place], model[place], flagged)
    return [found.get(i) or Row(row, None, 1.0, _noise(row), "unmatched", row.flags) for i, row in enumerate(rows)]


def _noise(row: Joined) -> float | None:
    return None if row.std_s is None or not row.measured_s else row.std_s / row.measured_s


def _row(row: Joined, ratio: float, sigma: float, noise: float, model: float, flagged: bool) -> Row:
    verdict: Verdict = "diverges" if flagged else "agrees"
    flags = row.flags
    if not flagged and (noise > max(model, LEAST_SIGMA) or "lower_bound" in flags):
        verdict = "cannot_tell"
        if noise > model:
            flags = (*flags, f"noisy:{noise / max(model, LEAST_SIGMA):.1f}")
    return Row(row, float(ratio), float(sigma), _noise(row), verdict, flags)
