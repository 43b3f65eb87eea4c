"""What calibration may change: the quantities of a platform marked ``fit``, with their bounds."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.schema import ELEMENT_BYTES


class Parameter(NamedTuple):
    """A fittable quantity: its dotted key, present value and bounds, in the key's unit, and the precision it is for."""

    key: str
    value: float
    low: float
    high: float
    dtype: str | None
    """The precision that the quantity is for; None where every precision shares it."""


def parameters(platform: Platform, dtypes: frozenset[str]) -> tuple[Parameter, ...]:
    """Quantities marked ``fit`` that bear on any of the given precisions."""
    found = []
    for key, quantity in quantities(platform.file):
        named = [part for part in key.split(".") if part in ELEMENT_BYTES]
        dtype = named[-1] if named else None
        if quantity.fit and quantity.min is not None and quantity.max is not None and dtype in {None, *dtypes}:
            found.append(Parameter(key, quantity.value, quantity.min, quantity.max, dtype))
    return tuple(found)
