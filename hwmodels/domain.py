"""Outlines of the networks that a platform was calibrated on, from which predictions of others extrapolate."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

from pydantic import Field, model_validator

from .provenance import Closed

SIZES = ("input channels", "output channels", "output pixels", "kernels")
"""The sizes of a network that a profile holds beside its shares of time; see ``simulator.pricing.extrapolation``."""


class Domain(Closed):
    """Profiles of calibrated networks, and how far from the nearest of them most others lie.

    A profile has a number for each of ``kinds``, one for all other kinds together, and one for each of ``SIZES``.
    """

    reach: Annotated[float, Field(gt=0.0)]
    """Distance from the nearest profile within which 95 % of calibrated networks lie, each held out."""
    kinds: Annotated[tuple[str, ...], Field(max_length=200)]
    """Kinds of kernels that were calibrated, such as "conv2d 3x3" or "add"."""
    profiles: Annotated[tuple[tuple[float, ...], ...], Field(min_length=1, max_length=500)]

    near: Annotated[float, Field(ge=0.0)] | None = None
    """Distance from the nearest profile up to which the interval is that of ``factor``; from there it widens evenly to
    that of ``unlike_factor`` at ``reach``. None: it does so at ``reach`` at once."""

    @model_validator(mode="after")
    def _verify_profiles(self) -> Domain:
        if self.near is not None and self.near >= self.reach:
            raise ValueError(f"near must be less than reach, {self.reach}")
        size = len(self.kinds) + 1 + len(SIZES)
        for number, profile in enumerate(self.profiles):
            if len(profile) != size or not all(map(isfinite, profile)):
                raise ValueError(f"profile {number} must be {size} finite numbers: a share per kind, others, sizes")
        return self
