"""The smallest description, in operator and ranges of sizes, of the kernels that run at another rate than modelled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .effects import SIZES, Mask, Tested
from .hypotheses import Base, Hypothesis, Ranges, factor_on

_DEEPEST = 3
"""Quantities that a description restricts at most."""
_CUTS = 10
"""Edges of ranges that are tried for each quantity."""


def by_operator(base: Base) -> Iterator[Hypothesis]:
    """For each operator a factor on all of its kernels, and one on those within ranges of sizes."""
    tested = base.tested
    ops = sorted({str(part.op) for part in tested.parts if part.work is not None})
    for op in ops:
        whole = tested.ops == op
        plain = _factor(base, op, whole, {}, len(ops))
        yield plain
        found = _narrowed(base, op, whole, plain, len(ops))
        if found is not plain:
            yield found


def extrapolated(base: Base) -> Iterator[Hypothesis]:
    """A factor on the networks that are unlike all that the platform was calibrated on."""
    tested = base.tested
    rows = np.array(["extrapolation" in row.joined.flags for row in tested.rows])
    if rows.any():
        c, predicted = factor_on(base, rows[tested.row_of])
        detail = f"networks unlike all calibrated ones take {c:.2f} times as long"
        yield Hypothesis("extrapolation", detail, predicted, 1, 1, ("domain",))


def _factor(base: Base, op: str, mask: Mask, ranges: Ranges, alternatives: float) -> Hypothesis:
    c, predicted = factor_on(base, mask)
    where = "".join(f", {span(name, ends)}" for name, ends in ranges.items())
    return Hypothesis(
        "shape_local" if ranges else "operator_rate",
        f"{op}{where}: {c:.2f} times as long as modelled",
        predicted,
        1.0 + 1.5 * len(ranges),
        alternatives,
        (f"kernels.{op}",),
        op,
        dict(ranges),
    )


def span(name: str, ends: tuple[float, float]) -> str:
    """A range in words."""
    low, high = ends
    if low == high:
        return f"{name} {low:g}"
    if low == 0.0:
        return f"{name} at most {high:g}"
    return f"{name} at least {low:g}" if high == np.inf else f"{name} {low:g} to {high:g}"


def _narrowed(base: Base, op: str, whole: Mask, plain: Hypothesis, ops: int) -> Hypothesis:
    """The operator's kernels within the ranges that lower the criterion most, one quantity after the other."""
    tested = base.tested
    best, score, mask = plain, tested.criterion(plain.predicted, plain.parameters, ops), whole
    ranges: Ranges = {}
    tried = float(ops)
    for _ in range(_DEEPEST):
        candidates = list(_restrictions(tested, mask, ranges))
        tried *= max(len(candidates), 1)
        step = None
        for name, ends, inside in candidates:
            one = _factor(base, op, inside, ranges | {name: ends}, tried)
            value = tested.criterion(one.predicted, one.parameters, tried)
            if value < score - 1.0:
                best, score, step = one, value, (name, ends, inside)
        if step is None:
            return best
        ranges, mask = ranges | {step[0]: step[1]}, step[2]
    return best


def _restrictions(tested: Tested, mask: Mask, ranges: Ranges) -> Iterator[tuple[str, tuple[float, float], Mask]]:
    """Narrower masks: one value, at most, or at least an edge of a quantity."""
    for name in SIZES:
        if name in ranges:
            continue
        size = tested.sizes[name]
        values = np.unique(size[mask])
        if len(values) < 2:
            continue
        if len(values) > _CUTS:
            values = np.unique(np.quantile(size[mask], np.linspace(0.0, 1.0, _CUTS + 1), method="nearest"))
        exact = name in ("kernel", "stride", "groups")
        for value in values:
            if exact:
                yield name, (float(value), float(value)), mask & (size == value)
            if value < values[-1]:
                yield name, (0.0, float(value)), mask & (size <= value)
            if value > values[0]:
                yield name, (float(value), np.inf), mask & (size >= value)
