"""Operators that execute nothing."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Cost, KernelModel, Roof, Work, combine


class Free(NamedTuple):
    """A view, an alias or an in-place edit: nothing is executed."""


def free(_work: Work, roof: Roof, _p: Free) -> Cost:
    """No bound takes any time."""
    return combine(roof)


MODEL = KernelModel(Free, free)
