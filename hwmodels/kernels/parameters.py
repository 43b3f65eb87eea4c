"""The ranges that parameters of kernel models state, and which of them are a matter of cycles.

A parameter whose name ends in a unit (``_s``, ``_bytes``, ``_bytes_per_s``) or in ``efficiency`` is a plain ``float``:
the range of its unit is checked wherever that unit stands in a platform file. It is ``AtClock`` where it is the time of
instructions or the rate of an on-chip path, which take so many cycles. Any other is of one of these types.
"""

from __future__ import annotations

from functools import cache
from math import inf
from typing import Annotated, Any, NamedTuple, get_type_hints


class Range(NamedTuple):
    """The values that a parameter may have, both ends included."""

    low: float
    high: float = inf
    whole: bool = False

    def __str__(self) -> str:
        """The range in words, such as "a whole number from 1"."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g}" + (f" to {self.high:g}" if self.high < inf else "")

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


class Decided:
    """Marks a parameter that a compiler's schedule decides for each kernel: no platform file states it."""


class Clocked:
    """Marks a time or a rate of so many cycles, stated in seconds at the platform's clock: another clock scales it."""


AtClock = Annotated[float, Clocked]
"""A time of instructions, or a rate of an on-chip path, at the platform's clock."""
Count = Annotated[float, Range(1.0, whole=True)]
"""A number of things of which there is at least one: a tile, lanes, work items."""
CountOrNone = Annotated[float, Range(0.0, whole=True)]
"""A number of things, where 0 says that there are none or that their number does not matter."""
Share = Annotated[float, Range(0.0, 1.0)]
"""A part of a whole."""
Ratio = Annotated[float, Range(0.0, 1e4)]
"""A quantity relative to another of its kind."""
Amount = Annotated[float, Range(0.0, 1e9)]
"""A number that need not be whole, such as cycles per element."""


@cache
def ranges(parameters: type) -> dict[str, Range]:
    """The stated range of each parameter of a class that states one."""
    return {name: found for name, marks in _marks(parameters).items() for found in marks if isinstance(found, Range)}


@cache
def stated(parameters: type) -> tuple[str, ...]:
    """The parameters of a class that a platform file states: all but those that a schedule decides."""
    marks = _marks(parameters)
    return tuple(name for name in marks if Decided not in marks[name])


@cache
def at_clock(parameters: type) -> frozenset[str]:
    """The parameters of a class that another clock scales."""
    return frozenset(name for name, marks in _marks(parameters).items() if Clocked in marks)


def _marks(parameters: type) -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(parameters, include_extras=True)
    return {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
