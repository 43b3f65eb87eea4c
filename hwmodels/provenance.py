"""Quantities: numbers with the source that each comes from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

SourceKind = Literal["datasheet", "published", "read-from-source", "derived", "measured", "fitted", "assumed"]
"""How a number came to be known, from the strongest claim on the hardware to the weakest."""


class Closed(BaseModel):
    """A frozen record that refuses unknown keys, and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(Closed):
    """The origin of numbers, with a citation."""

    kind: SourceKind
    cite: str = Field(min_length=1)


class Quantity(Closed):
    """A number in the unit of its key, with its source. ``fit`` allows calibration to change it, within [min, max]."""

    value: float
    source: str
    fit: bool = False
    min: float | None = None
    max: float | None = None
    note: str = ""


def _form(value: Any) -> str:
    one = isinstance(value, Quantity) or (isinstance(value, dict) and not value.keys().isdisjoint({"value", "source"}))
    return "quantity" if one or not isinstance(value, dict) else "by dtype"


PerDtype = Annotated[
    Annotated[Quantity, Tag("quantity")] | Annotated[dict[str, Quantity], Tag("by dtype")], Discriminator(_form)
]
"""One quantity for every precision, or one per precision."""


def at_dtype(quantity: Quantity | dict[str, Quantity], dtype: str) -> Quantity:
    """The quantity at a precision. Raises KeyError where quantities are given by precision and this one has none."""
    return quantity if isinstance(quantity, Quantity) else quantity[dtype]
