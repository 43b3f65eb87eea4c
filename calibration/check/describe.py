"""From what explains the rows to descriptions: each says which rows it is of, what it costs and why."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np

from .causes import CAUSES
from .effects import Mask, Tested
from .explain import Found
from .hypotheses import Ranges
from .result import Description
from .rows import Row
from .subgroups import span


def described(tested: Tested, found: Sequence[Found]) -> tuple[list[Description], list[int]]:
    """Disjoint descriptions, the largest loss of time first, and the place of each row's (-1 where it has none)."""
    of_row = [-1] * len(tested.rows)
    concerned = np.array([row.diverges or row.verdict == "unmatched" for row in tested.rows], dtype=bool)
    members: list[Mask] = []
    taken = np.zeros(len(tested.rows), dtype=bool)
    for one in found:
        members.append(one.touched & concerned & ~taken)
        taken |= members[-1]
    kept = [(one, mask) for one, mask in zip(found, members) if mask.any()]
    lost = [_lost_s(tested, mask) for _, mask in kept]
    order = sorted(range(len(kept)), key=lambda i: -abs(lost[i]))
    spared = int(sum(tested.rows[i].diverges for i in np.flatnonzero(~taken)))
    result = []
    for place, i in enumerate(order):
        one, mask = kept[i]
        for row in np.flatnonzero(mask):
            of_row[int(row)] = place
        result.append(_description(tested, one, mask, lost[i], spared))
    return result, of_row


def _lost_s(tested: Tested, mask: Mask) -> float:
    return float(np.sum(tested.measured[mask]) - np.sum(tested.predicted[mask]))


def _description(tested: Tested, one: Found, mask: Mask, lost_s: float, spared: int) -> Description:
    rows = [row for row, inside in zip(tested.rows, mask) if inside]
    by_kernel = any(row.joined.kernel is not None for row in rows)
    op = (one.best.op or _only_op(rows)) if by_kernel else None
    ranges: Ranges = dict(one.best.ranges or {})
    reason = one.reasons[0]
    alike = _alike(tested, op, one.touched, by_kernel)
    what = f"{op or 'kernels of all kinds'}" if by_kernel else "whole networks"
    where = "".join(f", {span(name, ends)}" for name, ends in ranges.items())
    unit = "kernels" if by_kernel else "networks"
    total_s = float(np.sum(tested.measured)) or 1.0
    covers = len(rows)
    text = (
        f"{what}{where}: {_pace(rows)}; {covers} of {alike} such {unit}, {spared} others diverge; "
        f"{100 * abs(lost_s) / total_s:.2g} % of the time measured; {reason.detail}"
    )
    keys = tuple(dict.fromkeys(key for one_reason in one.reasons[:2] for key in one_reason.keys))
    return Description(text, op, ranges, covers, spared, lost_s, one.reasons, CAUSES[reason.cause], keys)


def _only_op(rows: Sequence[Row]) -> str | None:
    ops = {row.joined.op for row in rows}
    return ops.pop() if len(ops) == 1 else None


def _alike(tested: Tested, op: str | None, touched: Mask, by_kernel: bool) -> int:
    """How many rows are of the kind that is described."""
    same = [
        bool(inside) and (row.joined.kernel is not None) == by_kernel and op in (None, row.joined.op)
        for row, inside in zip(tested.rows, touched)
    ]
    return max(sum(same), 1)


def _pace(rows: Sequence[Row]) -> str:
    ratios = [row.log_ratio for row in rows if row.log_ratio is not None]
    if not ratios:
        return "without a partner"
    ratio = exp(float(np.median(ratios)))
    return f"{ratio:.2f}x slower than modelled" if ratio >= 1.0 else f"{1.0 / ratio:.2f}x quicker than modelled"
