"""Axes of the figures: from values to places in the coordinates of an SVG."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10
from typing import NamedTuple

LEFT, RIGHT, TOP, BOTTOM = 54.0, 384.0, 12.0, 262.0
"""The frame of every figure, in units of its picture of 400 x 300; the template ``page.html`` draws it."""


class Tick(NamedTuple):
    """A place on an axis and the label that stands there."""

    place: float
    label: str


class Axis(NamedTuple):
    """Values from ``low`` to ``high`` at the places from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value stands, rounded to a tenth of a unit."""
        share = (self._scaled(value) - self._scaled(self.low)) / (self._scaled(self.high) - self._scaled(self.low))
        return round(self.start + share * (self.end - self.start), 1)

    def _scaled(self, value: float) -> float:
        return log10(value) if self.logarithmic else value


def decades(values: Iterable[float], start: float, end: float) -> Axis:
    """A logarithmic axis over whole decades that holds all values, which are positive."""
    found = list(values)
    low, high = floor(log10(min(found)) + 1e-9), ceil(log10(max(found)) - 1e-9)
    return Axis(10.0**low, 10.0 ** max(high, low + 1), start, end, logarithmic=True)


def decade_ticks(axis: Axis, unit: str = "") -> tuple[Tick, ...]:
    """A tick at each decade, such as "10 G", at most seven of them."""
    exponents = range(round(log10(axis.low)), round(log10(axis.high)) + 1)
    every = -(-len(exponents) // 7)
    return tuple(Tick(axis.place(10.0**e), _power(e, unit)) for e in exponents[::every])


def round_ticks(axis: Axis, most: int = 5) -> tuple[Tick, ...]:
    """Ticks at round values from ``low`` to ``high``, at most ``most`` of them but for one."""
    rough = (axis.high - axis.low) / most
    magnitude = 10.0 ** floor(log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    first = ceil(axis.low / step)
    values = [place * step for place in range(first, floor(axis.high / step + 1e-9) + 1)]
    return tuple(Tick(axis.place(value), f"{value:,.10g}") for value in values)


def _power(exponent: int, unit: str) -> str:
    for base, prefix in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if exponent >= base:
            return f"{10 ** (exponent - base)} {prefix}{unit}"
    return f"{10.0**exponent:g}" + (f" {unit}" if unit else "")
