"""Numbers as people read them, with as many digits as they need."""

from __future__ import annotations

from collections.abc import Iterable


def decimal_places(values: Iterable[float]) -> int:
    """The number of decimal places, at most four, with which the smallest positive value has three digits."""
    smallest = min((value for value in values if value > 0), default=1.0)
    return next((d for d in range(4) if smallest * 10**d >= 100), 4)


def three_digits(value: float) -> str:
    """A number with three digits, or with all digits of its whole part where that has more."""
    return f"{value:,.{decimal_places([value])}f}"


def prefixed(value: float, unit: str = "") -> str:
    """A count with a prefix k, M or G, such as "300.8 MMAC", "640 B" or, without a unit, "300.8 M"."""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:,.1f} {prefix}{unit}"
    return f"{value:,.0f} {unit}".rstrip()
