"""The claims of the paper as data: one row of ``claims.csv`` each, with its value and tolerance parsed."""

from __future__ import annotations

import csv
import math
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

CSV = Path(__file__).with_name("claims.csv")

STATUSES = ("tested", "missed", "untestable", "contradicted", "pending")
"""tested: a check asserts it. missed: a check shows that the prediction fails it; a prediction that comes to meet it
must be moved to tested. untestable: no check could. contradicted: the paper disagrees with itself.
pending: the part of the project that would be checked is not there yet. All but the first carry a reason; the reason
of a tested claim says how its wording is read."""

_NUMBER = re.compile(r"(?<![A-Za-z0-9.])\d+(?:\.\d+)?(?:e\d+)?")


class Tolerance(NamedTuple):
    """How far a claimed number may be off, in the claim's unit, as a share of the number, and as a factor."""

    absolute: float = 0.0
    relative: float = 0.0
    factor: float = 1.0


def parse_tolerance(text: str) -> Tolerance:
    """Read the tolerance column: "1%", "0.1", "0.5 pp", "0.5 (rounded)", "2% CI (App A)", "exact", "order", "up to".

    A bare number and percentage points are in the claim's unit. An order of magnitude is a factor of 10^0.5 either
    way, and "up to" leaves the number itself as the bound. Raises ValueError on anything that is not a quantity.
    """
    if text in ("exact", "up to", ""):
        return Tolerance()
    if text.startswith("order") and text != "ordering":
        return Tolerance(factor=math.sqrt(10))
    match = re.fullmatch(r"([\d.]+)(%?)( pp| CI \(App A\)| \(rounded\))?", text)
    if match is None:
        raise ValueError(f"tolerance '{text}' is not a quantity")
    number = float(match[1])
    return Tolerance(relative=number / 100) if match[2] else Tolerance(absolute=number)


class Claim(NamedTuple):
    """One claim. ``status`` is one of STATUSES; the rest is as published."""

    id: str
    section: str
    platform: str
    precision: str
    subject: str
    config: str
    metric: str
    comparator: str
    value: str
    unit: str
    tolerance: str
    kind: str
    status: str
    reason: str

    @property
    def number(self) -> float:
        """The claimed value. Raises ValueError when it is not one number."""
        return float(self.value)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Every number in the value, in order; digits inside a name such as ResNetV2 are not numbers."""
        return tuple(map(float, _NUMBER.findall(self.value)))

    @property
    def items(self) -> tuple[str, ...]:
        """The value as a list, separated by commas or slashes."""
        return tuple(part.strip() for part in re.split(r"[,/]", self.value))

    def within(self, measured: float, slack: float = 0.0) -> bool:
        """Whether ``measured`` agrees with the claim, given its comparator and tolerance.

        ``slack`` is what the model is allowed on top of the claim's own tolerance, in the claim's unit.
        """
        tolerance = parse_tolerance(self.tolerance)
        low, high = (self.numbers[0], self.numbers[-1]) if self.comparator == "between" else (self.number, self.number)
        rounding = 1e-9 * abs(high)
        lower = low / tolerance.factor - tolerance.absolute - tolerance.relative * abs(low) - slack - rounding
        upper = high * tolerance.factor + tolerance.absolute + tolerance.relative * abs(high) + slack + rounding
        if self.comparator in (">", ">="):
            return measured >= lower
        if self.comparator in ("<", "<=") or self.tolerance == "up to":
            return measured <= upper
        return lower <= measured <= upper


@cache
def load_claims() -> tuple[Claim, ...]:
    """All claims, in the order of their ids."""
    with CSV.open(encoding="utf-8", newline="") as file:
        return tuple(Claim(**row) for row in csv.DictReader(file))
