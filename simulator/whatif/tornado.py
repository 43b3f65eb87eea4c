"""Each number of a platform halved and doubled by itself: which of them a network's latency hangs on."""

from __future__ import annotations

from math import ceil, floor, log
from typing import NamedTuple

from stairline.hwmodels import PlatformError, quantities
from stairline.hwmodels.kernels.parameters import Range
from stairline.hwmodels.problems import allowed

from .points import along
from .searches import refusal
from .suite import Suite


class Swing(NamedTuple):
    """What the latency is with one number at half and at twice its value, as far as its key allows that."""

    key: str
    value: float
    halved: float
    doubled: float
    """The values tried, which lie nearer where half or twice is not allowed."""
    halved_ratio: float
    doubled_ratio: float
    """The latency there, relative to the latency as it is."""
    refusal: str = ""
    """Why the number cannot be changed alone; the ratios are then 1."""

    @property
    def size(self) -> float:
        """The larger of the two effects, as a log ratio."""
        return max(abs(log(self.halved_ratio)), abs(log(self.doubled_ratio)))


def tornado(suite: Suite) -> list[Swing]:
    """The swing of every number of the platform, the largest first; of equal ones in the order of the file."""
    return sorted((_swing(suite, key, q.value) for key, q in quantities(suite.platform.file)), key=lambda s: -s.size)


def _swing(suite: Suite, key: str, value: float) -> Swing:
    halved, doubled = _tried(value, allowed(suite.platform.file, key))
    if refused := refusal(suite.platform, key) if value else "":
        return Swing(key, value, value, value, 1.0, 1.0, refused)
    try:
        low_s, own_s, high_s = suite.latency_s(along(key, [halved, value, doubled])).tolist()
    except PlatformError as error:
        return Swing(key, value, value, value, 1.0, 1.0, str(error))
    return Swing(key, value, halved, doubled, low_s / own_s, high_s / own_s)


def _tried(value: float, within: Range) -> tuple[float, float]:
    """Half and twice the value, within the range; whole numbers where only these are in it."""
    halved, doubled = value / 2.0, value * 2.0
    if within.whole:
        halved, doubled = float(floor(halved)), float(ceil(doubled))
    return min(max(halved, within.low), value), max(min(doubled, within.high), value)
