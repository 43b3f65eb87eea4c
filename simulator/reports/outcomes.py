"""What came of a network on a platform, as the reports on many networks take it."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.pricing.prediction import FAILED, Summary


class Outcome(NamedTuple):
    """The headline of a prediction on the platform ``label``, or the one reason why there is none."""

    model: str
    platform: str
    label: str
    dtype: str
    """The precision of the prediction; where there is none, that which was asked for, or nothing."""
    summary: Summary | None
    reasons: tuple[str, ...]
    """Reasons for a status other than ok, each behind its layer, or why there is no prediction."""

    @property
    def status(self) -> str:
        """A prediction's status, or ``FAILED``."""
        return FAILED if self.summary is None else self.summary.status

    @property
    def is_bounded(self) -> bool:
        """Whether work of the network is left out of the latency."""
        return self.summary is not None and is_bounded(self.summary)


def is_bounded(s: Summary) -> bool:
    """Whether work of the network is left out of the latency."""
    return "lower_bound" in s.flags or "operators_omitted" in s.flags
