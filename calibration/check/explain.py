"""Why rows diverge: hypotheses are tested one upon the other until what is left is no more than the noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from . import hypotheses, subgroups
from .causes import CAUSES, class_of
from .effects import Mask, Tested
from .hypotheses import Base, Hypothesis
from .platforms import Alternative, predicted_again, structural
from .rows import Row, Vector

_MOST = 6
"""Descriptions that one check gives."""
_REASONS = 5
"""Reasons that one description gives."""
_WORTH = 3.0
"""By how much a reason must lower the criterion to be given: a factor of e^1.5 in likelihood beyond its complexity."""
_AGREES = 2.0
"""Standard deviations within which a row agrees with a hypothesis."""
_TOUCHED = 0.02
"""Relative change of a row's prediction from which on a hypothesis concerns the row."""


class Reason(NamedTuple):
    """A hypothesis that was tested."""

    cause: str
    detail: str
    closes: float
    """The share of the rows' divergence that it closes."""
    evidence: str
    keys: tuple[str, ...]


class Found(NamedTuple):
    """One divergence: the hypothesis that explains it best, its rows, and all reasons in order."""

    best: Hypothesis
    touched: Mask
    """(rows,): the rows that the hypothesis concerns."""
    reasons: tuple[Reason, ...]


def explained(tested: Tested) -> list[Found]:
    """Divergences in the order in which they were found, the one that explains most first."""
    diverging = np.array([row.diverges or row.verdict == "unmatched" for row in tested.rows], dtype=bool)
    if not any(_is_open(row) for row in tested.rows):
        return []
    again = predicted_again(tested)
    base, found = Base(tested, np.ones(len(tested.rows))), list[Found]()
    while len(found) < _MOST:
        ranked = _ranked(base, again)
        if not ranked:
            break
        best = ranked[0]
        touched = _touched(base, best.predicted)
        found.append(Found(best, touched, _reasons(base, ranked, diverging & touched if touched.any() else diverging)))
        base = _advanced(base, best.predicted)
        left = np.abs(tested.errors(base.predicted)) > 3.0 * np.array([row.sigma for row in tested.rows])
        if not (left & diverging).any():
            break  # Rows without a partner have an error that no noise explains.
    return found


def _is_open(row: Row) -> bool:
    """Whether a row wants a reason: it diverges, or has no partner and is no transfer, which no runtime lists."""
    return row.diverges or (row.verdict == "unmatched" and bool(row.joined.layers or row.joined.measured_s))


def _advanced(base: Base, predicted: Vector) -> Base:
    """The base on which the next hypothesis is tested."""
    was = base.predicted
    ratio = np.where((was > 0.0) & (predicted > 0.0), predicted / np.where(was > 0.0, was, 1.0), 1.0)
    return Base(base.tested, base.gain * ratio)


def _ranked(base: Base, again: Sequence[tuple[Alternative, Vector, int]]) -> list[Hypothesis]:
    """The hypotheses that are worth their complexity, best first."""
    tested = base.tested
    nothing = tested.criterion(base.predicted, 0.0)
    every: Iterable[Callable[[Base], Iterator[Hypothesis]]] = (
        *hypotheses.ANALYTICAL,
        subgroups.by_operator,
        subgroups.extrapolated,
    )
    tried = [one for kind in every for one in kind(base)]
    tried += structural(base, again)
    scored = [(tested.criterion(one.predicted, one.parameters, one.alternatives), one) for one in tried]
    worth = [(score, one) for score, one in scored if score < nothing - _WORTH]
    return [one for _, one in sorted(worth, key=lambda pair: pair[0])]


def _touched(base: Base, predicted: Vector) -> Mask:
    was = base.predicted
    both = (was > 0.0) & (predicted > 0.0)
    change = np.abs(np.log(np.where(both, predicted, 1.0)) - np.log(np.where(both, was, 1.0)))
    return np.asarray((change > _TOUCHED) | ((was > 0.0) != (predicted > 0.0)))


def _reasons(base: Base, ranked: Sequence[Hypothesis], rows: Mask) -> tuple[Reason, ...]:
    """The best hypothesis of each cause; the class of a cause is named in its detail."""
    best: dict[str, Hypothesis] = {}
    for one in ranked:
        best.setdefault(one.cause, one)
    return tuple(_reason(base, one, rows) for one in list(best.values())[:_REASONS])


def _reason(base: Base, one: Hypothesis, rows: Mask) -> Reason:
    tested = base.tested
    sigma = np.array([row.sigma for row in tested.rows])
    was, now = np.abs(tested.errors(base.predicted)), np.abs(tested.errors(one.predicted))
    gap = float(np.sum(was[rows]))
    closes = 1.0 - float(np.sum(now[rows])) / gap if gap > 0.0 else 0.0
    agree = int(np.count_nonzero(now[rows] <= _AGREES * sigma[rows]))
    like = sorted(class_of(one.cause) - {one.cause})
    alike = f" (these records cannot tell it from {' or '.join(like)}: {CAUSES[one.cause]})" if like else ""
    evidence = f"with {one.detail}, {agree} of {int(rows.sum())} rows agree: closes {100 * closes:.0f} % of the gap"
    return Reason(one.cause, one.detail + alike, closes, evidence, one.keys)
