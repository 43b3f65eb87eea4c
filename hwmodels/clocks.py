"""What another clock does to the numbers of a platform that are stated in seconds and are so many cycles."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose

from stairline.hwmodels.kernels.base import SHARED_PARAMETERS
from stairline.hwmodels.kernels.parameters import at_clock
from stairline.hwmodels.kernels.registry import kernel_model

from .quantities import dtype_of, quantities, without_dtype
from .schema import PlatformFile

CLOCK = "platform.clock_hz"
"""The key of the processor's clock, which a precision may follow."""
RATE = "_bytes_per_s"
"""The ending of rates, which a faster clock raises; times it shortens."""


def with_cycles_kept(file: PlatformFile, values: Mapping[str, float]) -> dict[str, float]:
    """``values`` by dotted key and, where a clock is among them, what the same cycles take at it.

    Numbers among ``values`` stand as they are. So do memories behind the chip, links, and what a host dispatches.
    Raises ValueError where the clock of one precision changes and a number of all precisions depends on it.
    """
    clocks = [value for key, value in values.items() if key.startswith(CLOCK)]
    if not clocks or min(clocks) <= 0.0:
        # What is no clock is refused with its key, as any value is that its unit does not allow.
        return dict(values)
    known = {key: quantity.value for key, quantity in quantities(file)}
    factors = {key: values.get(key, value) / value for key, value in known.items() if key.startswith(CLOCK)}
    clocked, scaled = _clocked(file), {}
    for key, value in known.items():
        if without_dtype(key) in clocked and key not in values:
            dtype = dtype_of(key)
            found = {factor for at, factor in factors.items() if dtype is None or dtype_of(at) in (None, dtype)}
            if len(found) != 1:
                raise ValueError(f"{key}: it is the same for all precisions, whose clocks now differ; state it too")
            scaled[key] = _snapped(value * found.pop() ** (1 if RATE in key else -1))
    return scaled | dict(values)


def _snapped(value: float) -> float:
    """The value without what rounding left of it, so that another clock and the old one again are the old platform."""
    short = float(f"{value:.12g}")
    return short if isclose(value, short, rel_tol=1e-14) else value


def _clocked(file: PlatformFile) -> frozenset[str]:
    """The keys of what another clock scales, without precisions."""
    of_rule = {ops: at_clock(kernel_model(rule.model).parameters) for ops, rule in file.kernels.items()}
    names = frozenset(name for found in of_rule.values() for name in found)
    shared = {f"overheads.{name}" if name in SHARED_PARAMETERS else f"shared.{name}" for name in names}
    return frozenset({f"kernels.{ops}.{name}" for ops, found in of_rule.items() for name in found} | shared)
