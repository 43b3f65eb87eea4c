"""Dilations that the engine does not have: the kernel is filled with zeros instead.

Source: Vela (Arm, Apache-2.0), the rewriting of dilations above 2: the engine keeps a dilation of 2 where the dilation
is even, and the kernel is spread by the rest. Vela 5.2 gives a 3x3 kernel dilated by 3 the time of a 7x7 kernel.
"""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Work
from stairline.simulator.runtimes.vela.weights.codes import Codes

LARGEST = 2
"""Largest dilation of the engine."""


def undilated(work: Work, codes: Codes) -> tuple[Work, Codes]:
    """The work with a dilation that the engine has, and its weights with the zeros between them."""
    if max(work.dilation_h, work.dilation_w) <= LARGEST:
        return work, codes
    kept_h, kept_w = (LARGEST if size % LARGEST == 0 else 1 for size in (work.dilation_h, work.dilation_w))
    kernel_h = (work.kernel_h - 1) * (work.dilation_h // kept_h) + 1
    kernel_w = (work.kernel_w - 1) * (work.dilation_w // kept_w) + 1
    spread = work._replace(kernel_h=kernel_h, kernel_w=kernel_w, dilation_h=float(kept_h), dilation_w=float(kept_w))
    return spread, codes.filled(kernel_h * kernel_w / (work.kernel_h * work.kernel_w))
