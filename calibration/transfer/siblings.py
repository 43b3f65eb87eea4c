"""How the numbers of a platform may differ on a sibling device: a hierarchy of scale factors with a prior each."""

from __future__ import annotations

from collections.abc import Iterator, Set
from math import exp, inf, log
from typing import NamedTuple

import numpy as np

from stairline.hwmodels import Platform, quantities, with_values, without_operators
from stairline.hwmodels.provenance import Quantity, at_dtype
from stairline.hwmodels.schema import ELEMENT_BYTES
from stairline.simulator.pricing.arrays import Vector

GROUPS = ("compute", "memory", "overheads")

SIGMA_ALL, SIGMA_GROUP, SIGMA_OWN = log(3.0), 0.2, 0.1
"""Standard deviations of log scale factors. A sibling as a whole may be three times as fast or slow: another clock,
another harness. Its cores, its memory and what is paid once per kernel differ by some 20 % more from each other, as
generations of chips do, and a single kernel by some 10 %, as builds of a runtime do."""

_OVERHEADS = ("kernel_s", "inference_s", "boundary_s")


class Scaled(NamedTuple):
    """A quantity that is a time or a rate: how it follows the device."""

    key: str
    centre: float
    """The quantity's value before anything was measured on the sibling."""
    low: float
    high: float
    group: str
    sign: float
    """1 for a time, which grows with slowness; -1 for a rate."""
    own: bool
    """Whether it has a factor of its own: what was fitted on the calibrated device, or may be fitted on the sibling."""


class Hierarchy(NamedTuple):
    """A hierarchy of factors: each quantity's log slowness is that of all, of its group and its own, summed.

    The log slownesses are ``mixing @ factors``.
    """

    centre: Platform
    scaled: tuple[Scaled, ...]
    mixing: Vector
    """(scaled quantities, factors): 1 where a factor scales a quantity. Factors are that of all, those of ``GROUPS``,
    then own ones."""
    sigmas: Vector
    """(factors,): standard deviations of the priors of log factors, all centred on 0."""

    def platform(self, factors: Vector) -> Platform:
        """The sibling at these log factors; a value stops at its bounds."""
        return with_values(self.centre, self.values(factors))

    def values(self, factors: Vector) -> dict[str, float]:
        """The scaled quantities at these log factors."""
        return {
            s.key: min(max(s.centre * exp(s.sign * slowness), s.low), s.high)
            for s, slowness in zip(self.scaled, (self.mixing @ factors).tolist())
        }

    @property
    def own(self) -> tuple[Scaled, ...]:
        """The quantities with a factor of their own, in the order of those factors."""
        return tuple(s for s in self.scaled if s.own)


def hierarchy(calibrated: Platform, base: Platform, dtypes: frozenset[str]) -> Hierarchy:
    """The mechanisms of ``base`` with what was fitted on the calibrated platform, ready to be scaled.

    Over the calibrated platform's own mechanisms every time and rate is scaled, and what else it states stays. Over the
    sibling's, what its base states of it stays, and what the base leaves to a fit or the other one fitted is carried
    over and scaled. Cycles are the same on siblings, so a core's times are carried over by the ratio of their clocks.
    """
    omitted = calibrated.overlay.omitted if calibrated.overlay else ()
    stated = calibrated.overlay.values if calibrated.overlay else {}
    known = dict(quantities(calibrated.file))
    clocks = _clock_hz(calibrated, dtypes) / _clock_hz(base, dtypes)
    parents = (calibrated.as_read.fitted_digest, calibrated.overlay and calibrated.overlay.parent_digest)
    own_mechanisms = base.as_read.fitted_digest in parents
    carried: dict[str, float] = {}
    fitted: set[str] = set()
    for key, quantity in quantities(base.file):
        found, kind = counterpart(key, known), _kind(key)
        if found is None or key.startswith("uncertainty."):
            continue
        if quantity.fit or _is_fitted(calibrated, found):
            fitted.add(key)
        if key in fitted or (own_mechanisms and (kind is not None or key in stated)):
            is_core_time = kind == ("compute", 1.0) and not key.endswith("_cycles")
            carried[key] = found.value * (clocks if is_core_time else 1.0)
    centre = with_values(without_operators(base, omitted), carried)
    scaled = tuple(_scaled(centre, dtypes, carried.keys(), fitted))
    return Hierarchy(centre, scaled, *_factors(scaled))


def counterpart(key: str, known: dict[str, Quantity]) -> Quantity | None:
    """Find the quantity that corresponds to ``key``, though it may be given by precision or list other operators."""
    section, *names = _names(key)
    ops = set(names[0].split("|")) if section == "kernels" else set()
    for other, quantity in known.items():
        if _dtype(other) in (None, _dtype(key)) or _dtype(key) is None:
            other_section, *others = _names(other)
            if section == "kernels" == other_section and names[1:] == others[1:] and ops & set(others[0].split("|")):
                return quantity
            if section != "kernels" and [section, *names] == [other_section, *others]:
                return quantity
    return None


def _is_fitted(platform: Platform, quantity: Quantity) -> bool:
    return quantity.fit or platform.file.sources[quantity.source].kind == "fitted"


def _scaled(centre: Platform, dtypes: frozenset[str], carried: Set[str], fitted: Set[str]) -> Iterator[Scaled]:
    for key, quantity in quantities(centre.file):
        kind = _kind(key)
        if kind is None or key not in carried or _dtype(key) not in {None, *dtypes} or quantity.value == 0.0:
            continue
        low = 0.0 if quantity.min is None else quantity.min
        high = inf if quantity.max is None else quantity.max
        if _names(key)[-1].endswith("efficiency"):
            high = min(high, 1.0)
        yield Scaled(key, quantity.value, low, high, *kind, own=key in fitted)


def _factors(scaled: tuple[Scaled, ...]) -> tuple[Vector, Vector]:
    own = [i for i, s in enumerate(scaled) if s.own]
    groups = np.array([[s.group == group for group in GROUPS] for s in scaled], dtype=np.float64)
    mixing = np.column_stack([np.ones(len(scaled)), groups, np.eye(len(scaled))[:, own]])
    sigmas = np.array([SIGMA_ALL, *[SIGMA_GROUP] * len(GROUPS), *[SIGMA_OWN] * len(own)])
    return mixing, sigmas


def _kind(key: str) -> tuple[str, float] | None:
    """The group of a quantity and its ``Scaled.sign``; None for sizes, counts and peaks: neither times nor rates."""
    name = _names(key)[-1]
    if name in _OVERHEADS:
        return "overheads", 1.0
    if name.endswith("bytes_per_s"):
        return "memory", -1.0
    if name == "ops_per_cycle" or name.endswith(("efficiency", "_bytes_per_cycle")):
        return "compute", -1.0
    if name.endswith(("_s", "_s_per_element", "_s_per_mac", "_cycles")):
        return "compute", 1.0
    return None


def _names(key: str) -> list[str]:
    return [part for part in key.split(".") if part not in ELEMENT_BYTES]


def _dtype(key: str) -> str | None:
    return next((part for part in key.split(".") if part in ELEMENT_BYTES), None)


def _clock_hz(platform: Platform, dtypes: frozenset[str]) -> float:
    return at_dtype(platform.file.platform.clock_hz, min(dtypes)).value
