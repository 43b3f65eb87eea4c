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

    @model_validator(mode="after")
    def _verify_profiles(self) -> Domain:
        size = len(self.kinds) + 1 + len(SIZES)
        for number, profile in enumerate(self.profiles):
            if len(profile) != size or not all(map(isfinite, profile)):
                raise ValueError(f"profile {number} must be {size} finite numbers: a share per kind, others, sizes")
        return self
