"""Bars in percent of the longest one, each with its name and its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stairline.simulator.reports.digits import three_digits


class Bar(NamedTuple):
    """A bar from one place to another, in percent of the longest one, with its name and value."""

    name: str
    value: str
    start: float
    percent: float
    meaning: str
    kind: str = ""


def bars(values: Mapping[str, float], unit: str = "") -> list[Bar]:
    """A bar from 0 for each value."""
    longest = max(values.values(), default=0.0) or 1.0
    return [
        Bar(name, f"{three_digits(value)}{unit}", 0.0, round(100.0 * value / longest, 2), "")
        for name, value in values.items()
    ]
