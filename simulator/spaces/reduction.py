"""A space without the choices that a platform makes pointless, as the paper's section 5 reduces two search spaces.

Every choice is tried at its position in the same random networks of the space. It is removed where it costs what a
choice costs that can express more, where no processor runs it, or where it is dear: where it lengthens networks out of
proportion to the work that it adds, as squeeze-and-excite does on most accelerators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform

from .space import Space
from .structure import Choice

Vector = NDArray[np.float64]

CONTEXTS = 64
"""Random networks in which every choice is tried."""
_DEAR, _DEAR_RATIO = 0.02, 10.0
"""A choice is dear that lengthens networks by more than 2 %, and by more than ten times the share that it adds in MACs.

The paper removes squeeze-and-excite from MnasNet's space, which adds under 1 % in MACs (section 4.2)."""


class Removed(NamedTuple):
    """A choice that was removed, and why."""

    position: str
    label: str
    reason: str


class Reduction(NamedTuple):
    """The space that remains, and what was removed from it."""

    space: Space
    removed: tuple[Removed, ...]
    size_before: int


class _Trial(NamedTuple):
    """A position's choices in the same networks: arrays (choices, networks)."""

    latency_s: Vector
    macs: Vector
    cannot_run: NDArray[np.bool_]


def reduced(space: Space, platform: Platform, dtype: str | None = None, *, tolerance: float = 0.01) -> Reduction:
    """Remove the choices that are not worth trying on a platform.

    ``tolerance`` is the share of a network's latency that a choice may cost more than a smaller one and still stand for
    it. At each position one choice stays at least. Raises as ``Space.predict`` does.
    """
    contexts = space.sample(CONTEXTS, seed=0)
    removed: list[Removed] = []
    positions = []
    for place, position in enumerate(space.positions):
        trial = _tried(space, platform, dtype, contexts, place)
        reasons = [_reason(position.choices, trial, index, tolerance) for index in range(len(position.choices))]
        if all(reasons):
            reasons[int(np.argmin(trial.latency_s.mean(axis=1)))] = ""
        kept = tuple(choice for choice, reason in zip(position.choices, reasons) if not reason)
        positions.append(position._replace(choices=kept))
        removed += [Removed(position.name, c.label, reason) for c, reason in zip(position.choices, reasons) if reason]
    return Reduction(Space(space.name, tuple(positions)), tuple(removed), space.size)


def _tried(space: Space, platform: Platform, dtype: str | None, contexts: NDArray[np.uint8], place: int) -> _Trial:
    found = []
    for choice in range(space.widths[place]):
        codes = contexts.copy()
        codes[:, place] = choice
        found.append(space.predict(codes, platform, dtype))
    return _Trial(
        np.array([f.latency_s for f in found]),
        np.array([f.macs for f in found]),
        np.array([f.status == "cannot_run" for f in found]),
    )


def _reason(choices: Sequence[Choice], trial: _Trial, index: int, tolerance: float) -> str:
    """Why a choice is not worth trying; empty where it is."""
    own_s = trial.latency_s[index]
    others = [other for other in range(len(choices)) if other != index]
    if trial.cannot_run[index].all() and not trial.cannot_run[others].all(axis=1).all():
        return "no processor runs it"
    for other in reversed(others):
        if choices[other].exceeds(choices[index]) and np.all(trial.latency_s[other] <= own_s * (1.0 + tolerance)):
            return f"{choices[other].label} costs the same or less"
    smaller = [other for other in others if choices[index].exceeds(choices[other])]
    for other in smaller:
        longer = float(np.median(own_s / trial.latency_s[other])) - 1.0
        more = float(np.median(trial.macs[index] / np.maximum(trial.macs[other], 1.0))) - 1.0
        if longer > _DEAR and longer > _DEAR_RATIO * more:
            return f"takes {longer:.0%} longer than {choices[other].label} for {more:.1%} more work"
    return ""
