"""Which feature maps are kept in the fast memory beside cascades and buffered weights.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/faststorage_allocator.cpp and regor/compiler/live_range.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LARGEST_GROUP = 20
"""Largest number of ranges among which the search chooses at one time."""


class Range(NamedTuple):
    """A place in memory that tensors share: the times between which it is taken, its bytes, and its accesses.

    ``accesses`` counts the elements that are read and written there.
    """

    tensors: frozenset[int]
    start: int
    end: int
    bytes: int
    accesses: int


def kept(candidates: Sequence[Range], fixed: Iterable[Range], limit: int) -> set[int]:
    """Tensors of the ``candidates`` that stay in the fast memory of ``limit`` bytes, beside the ranges in ``fixed``."""
    fixed = list(fixed)
    length = 1 + max((r.end for r in (*candidates, *fixed)), default=0)
    least, most = [0] * length, [0] * length
    for r in fixed:
        _add(least, r, r.bytes)
        _add(most, r, r.bytes)
    for r in candidates:
        _add(most, r, r.bytes)
    if max(most, default=0) <= limit:
        return {t for r in candidates for t in r.tensors}
    possible = [r for r in candidates if _peak(least, r) + r.bytes <= limit]
    for r in candidates:
        if r not in possible:
            _add(most, r, -r.bytes)
    stay = [r for r in possible if _peak(most, r) <= limit]
    for r in stay:
        _add(least, r, r.bytes)
    competing = [r for r in possible if r not in stay]
    for group in _groups(competing):
        chosen = _best(group, least, most, limit)
        stay += chosen
        for r in group:
            if r in chosen:
                _add(least, r, r.bytes)
            else:
                _add(most, r, -r.bytes)
    return {t for r in stay for t in r.tensors}


def _groups(ranges: Sequence[Range]) -> Iterable[list[Range]]:
    group: list[Range] = []
    end = -1
    for r in ranges:
        if group and (r.start > end or len(group) > LARGEST_GROUP):
            yield group
            group, end = [], -1
        group.append(r)
        end = max(end, r.end)
    if group:
        yield group


def _best(group: list[Range], least: list[int], most: list[int], limit: int) -> list[Range]:
    """The ranges of a group that fit together with the most accesses: the first such choice, keeping before leaving."""
    left = [0]
    for r in reversed(group):
        left.insert(0, left[0] + r.accesses)
    best: tuple[int, list[Range]] = (0, [])

    def search(i: int, score: int, chosen: list[Range]) -> None:
        nonlocal best
        if best[0] and score + left[i] <= best[0]:
            return
        if i == len(group):
            best = score, list(chosen)
            return
        r = group[i]
        always = False
        if _peak(least, r) + r.bytes <= limit:
            always = _peak(most, r) <= limit
            _add(least, r, r.bytes)
            search(i + 1, score + r.accesses, [*chosen, r])
            _add(least, r, -r.bytes)
        if not always:
            _add(most, r, -r.bytes)
            search(i + 1, score, chosen)
            _add(most, r, r.bytes)

    search(0, 0, [])
    return best[1]


def _peak(usage: list[int], r: Range) -> int:
    return max(usage[r.start : r.end + 1])


def _add(usage: list[int], r: Range, size: int) -> None:
    for time in range(r.start, r.end + 1):
        usage[time] += size
