"""The headline of a verdict: usable, to be used with care, or not usable, and the one reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.simulator.pricing.arrays import Vector

from .scores import score
from .verdict import Fact

USABLE, WITH_CARE, NOT_USABLE = "usable", "use with care", "not usable"

_FATAL = ("no_skill", "worse_than_base", "residual_at_bound")
"""Facts that make an overlay unusable, the gravest first."""
_GRAVE = ("far_from_base", "disturbed", "contradicting_records", "not_converged", "too_few_records", "no_interval")
"""Facts that ask for care, the gravest first."""
_MOST_AT_LIMIT = 0.5
"""Share of the numbers at a bound from which on the base's mechanisms are not the device's."""
_FAIR, _POOR = 0.1, 0.3
"""Mean errors of networks held out above which care is needed, and above which nothing rests on a prediction."""


class Headline(NamedTuple):
    """One of the three words, the one reason, and the error of networks, or of operators where there are none."""

    word: str
    reason: str
    """Empty where there is nothing to object to."""
    error: str

    @property
    def line(self) -> str:
        """The headline as one line."""
        return f"{self.word}: " + "; ".join(filter(None, (self.reason, self.error)))


def headline(
    verdict: Iterable[Fact], fold_errors: Vector, whole: NDArray[np.bool_], at_limits: tuple[int, int]
) -> Headline:
    """Sum a verdict up.

    ``fold_errors`` are log(predicted / observed) of observations held out, ``whole`` marks those of whole networks, and
    ``at_limits`` says how many of how many numbers ran into a bound.
    """
    facts: dict[str, Fact] = {}
    for fact in verdict:
        facts.setdefault(fact.name, fact)
    chosen = fold_errors[whole] if whole.any() else fold_errors
    found = score(chosen)
    what = "networks" if whole.any() else "operators and blocks"
    error = f"{what} held out of the fit are off by {found.mape:.1%} on average, {found.within_10:.0%} within 10 %"
    for name in _FATAL:
        if name in facts:
            return Headline(NOT_USABLE, f"{name}, {facts[name].found}", error)
    bound, free = at_limits
    if bound > 1 and bound >= _MOST_AT_LIMIT * free:
        return Headline(NOT_USABLE, f"at_limit, {bound} of {free} numbers ran into a bound", error)
    if found.mape > _POOR:
        return Headline(NOT_USABLE, f"a mean error of more than {_POOR:.0%}", error)
    for name in _GRAVE:
        if name in facts:
            return Headline(WITH_CARE, f"{name}, {facts[name].found}", error)
    if found.mape > _FAIR:
        return Headline(WITH_CARE, f"a mean error of more than {_FAIR:.0%}", error)
    return Headline(USABLE, "", error)
