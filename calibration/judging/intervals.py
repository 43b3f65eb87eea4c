"""The interval of a calibrated platform, from the errors of networks that its fits had not seen.

Networks like the calibrated ones get the conformal quantile of the errors of networks held out at random. Networks
unlike them, by the distance of ``simulator.pricing.extrapolation``, get that of the errors of whole families held out,
which are larger. Both are quantiles of errors divided by how far the errors of kernels average out in the network, so
that the same number holds for a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from stairline.calibration.fitting.measured import Measured
from stairline.hwmodels import Platform
from stairline.hwmodels.domain import Domain
from stairline.hwmodels.kernels.base import Work
from stairline.simulator.pricing.arrays import Vector
from stairline.simulator.pricing.extrapolation import distances, kind, profiles

from .scores import HeldOut

COVERAGE = 0.9
LIKE = 0.95
"""Share of held-out networks that are to count as like the calibrated ones."""
MOST_PROFILES = 100
"""Profiles kept: those that leave no calibrated network far from all of them."""
FEWEST = 40
"""Observations below which no domain of calibrated networks is stated."""
_DRAWN = 1000
"""Observations of which profiles are chosen, drawn at random."""


class Outline(NamedTuple):
    """What the intervals depend on of each observation, beside its error."""

    concentrations: Vector
    """(observations,): sum of the squared shares of the kernels in the network's time."""
    profiles: Vector
    """(observations, features): what the network spends its time on; see ``simulator.pricing.extrapolation``."""
    kinds: tuple[str, ...]
    """The kinds of kernels that profiles distinguish."""
    families: NDArray[np.str_]
    """(observations,): the family of each network; empty for single operators and blocks."""

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(observations,): whether each is a whole network, and no single operator or block."""
        return np.asarray(self.families != "")

    def only(self, chosen: NDArray[np.bool_]) -> Outline:
        """The outline of the observations that ``chosen`` marks."""
        return Outline(self.concentrations[chosen], self.profiles[chosen], self.kinds, self.families[chosen])


class Interval(NamedTuple):
    """The numbers of ``hwmodels.schema.Uncertainty``; infinite factors where there are too few observations."""

    factor: float
    common: float
    unlike_factor: float
    domain: Domain | None

    def covers(self, seen: Outline, log_errors: Vector) -> NDArray[np.bool_]:
        """(observations,): whether the measured latency of each lies within its interval."""
        unlike = np.zeros(len(log_errors), dtype=bool)
        if self.domain is not None:
            unlike = distances(seen.profiles, np.array(self.domain.profiles)) > self.domain.reach
        half = np.where(unlike, np.log(self.unlike_factor), np.log(self.factor))
        return np.asarray(np.abs(log_errors) <= half * averaged(self.common, seen.concentrations))


class Coverage(NamedTuple):
    """Shares of held-out networks whose measured latency lies within the 90 % interval."""

    folds: float
    families: float | None
    """Mean over families, each left out of the fits, of the interval's numbers and of what was calibrated."""


def outline(platform: Platform, measured: Measured, kinds: Sequence[str] = ()) -> Outline:
    """Outline all observations as the platform predicts them.

    ``kinds`` are the kinds of kernels that profiles distinguish; those of the observations where left out.
    """
    networks = measured.networks
    own_s, network = networks.kernels_s(platform), networks.network_of_kernel
    shares = own_s / (networks.totals(own_s) + networks.outside_s(platform))[network]
    sides = np.max(networks.works[:, [Work._fields.index("kernel_h"), Work._fields.index("kernel_w")]], axis=1)
    named = [kind(op, side) for op, side in zip(networks.operators, sides)]
    kinds = tuple(kinds) or tuple(sorted(set(named)))
    places = {name: place for place, name in enumerate(kinds)}
    codes = np.array([places.get(name, len(kinds)) for name in named])
    found = profiles(codes[networks.kernels], len(kinds), networks.works[networks.kernels], own_s, network)
    concentrations = np.bincount(network, shares**2, minlength=len(measured)).astype(np.float64)
    return Outline(concentrations, found, kinds, np.array(measured.families))


def interval(seen: Outline, errors: HeldOut) -> Interval:
    """Derive the interval of a platform from its held-out errors."""
    factor, common = _of_networks_and_parts(errors.folds, seen) or _of_all(errors.folds, seen)
    domain = _domain(seen)
    if errors.families is None:
        # Nothing is known of other families: twice as wide, by assumption.
        return Interval(factor, common, factor**2, domain)
    known, left = np.isfinite(errors.families), averaged(common, seen.concentrations)
    unlike_factor = family_factor((errors.families / left)[known], seen.families[known])
    return Interval(factor, common, max(factor, unlike_factor), domain)


def coverage(found: Interval, seen: Outline, errors: HeldOut) -> Coverage:
    """Measure what share of networks the intervals cover that neither fits nor, for families, intervals had seen."""
    whole = seen.whole if seen.whole.any() else ~seen.whole
    folds = float(np.mean(found.covers(seen, errors.folds)[whole]))
    if errors.families is None:
        return Coverage(folds, None)
    shares = []
    for name in np.unique(seen.families[np.isfinite(errors.families)]):
        own = seen.families == name
        rest = interval(seen.only(~own), HeldOut(errors.folds[~own], errors.families[~own]))
        shares.append(float(np.mean(rest.covers(seen.only(own), errors.families[own]))))
    return Coverage(folds, float(np.mean(shares)))


def averaged(common: float, concentrations: Vector) -> Vector:
    """(networks,): the share of a kernel's log error that is left in a network, where those of kernels average out."""
    return np.asarray(np.sqrt(common + (1.0 - common) * concentrations))


def conformal_factor(log_errors: Vector, coverage: float = COVERAGE) -> float:
    """The factor f for which [t / f, t f] covers a new network with this probability, whatever the errors' shape.

    ``log_errors`` are those of networks that the fit has not seen; the rank counts the new one among them (split
    conformal prediction, Lei et al. 2018). Infinite where there are too few: 9 at a coverage of 0.9.
    """
    rank = ceil((len(log_errors) + 1) * coverage)
    return exp(float(np.sort(np.abs(log_errors))[rank - 1])) if rank <= len(log_errors) else inf


def family_factor(log_errors: Vector, families: NDArray[np.str_], coverage: float = COVERAGE) -> float:
    """The factor f for which [t / f, t f] covers a network of a new family with this probability.

    ``log_errors`` are those of networks of families that the fit has not seen, one of ``families`` for each.

    Each family counts once, and the new one among them (hierarchical conformal prediction, Lee et al. 2023). With
    fewer than 9 families at a coverage of 0.9 it is the largest error there was.
    """
    _, number, size = np.unique(families, return_inverse=True, return_counts=True)
    order = np.argsort(np.abs(log_errors))
    weight = np.cumsum((1.0 / size[number] / (len(size) + 1))[order])
    place = min(int(np.searchsorted(weight, coverage)), len(order) - 1)
    return exp(float(np.abs(log_errors)[order[place]]))


def _of_networks_and_parts(log_errors: Vector, seen: Outline) -> tuple[float, float] | None:
    """The factor of a kernel from the errors of single operators, and the common share from the errors of networks.

    The share is that at which many such kernels have the errors of the networks. None where either are too few.
    """
    networks, parts = log_errors[seen.whole], log_errors[~seen.whole]
    if min(len(networks), len(parts)) < FEWEST:
        return None
    of_network, of_part = conformal_factor(networks), conformal_factor(parts)
    if of_network >= of_part:
        return of_network, 1.0
    return of_part, float((np.log(of_network) / np.log(of_part)) ** 2)


def _of_all(log_errors: Vector, seen: Outline) -> tuple[float, float]:
    """The factor of a kernel and the common share, from how squared errors grow with the networks' concentrations.

    The common share is 1 where they do not grow, or where networks differ too little to see it.
    """
    common = 1.0
    if len(log_errors) >= FEWEST and np.ptp(seen.concentrations) >= 0.1:
        terms = np.column_stack([np.ones(len(log_errors)), seen.concentrations])
        (same, own), _ = nnls(terms, log_errors**2)
        common = float(same / (same + own)) if same + own > 0.0 else 1.0
    return conformal_factor(log_errors / averaged(common, seen.concentrations)), common


def _domain(seen: Outline) -> Domain | None:
    references, reach = reference_profiles(seen.profiles)
    if not len(references) or reach == 0.0:
        return None
    rows = tuple(tuple(round(float(v), 3) for v in row) for row in references)
    return Domain(reach=float(f"{reach:.4g}"), kinds=seen.kinds, profiles=rows)


def reference_profiles(found: Vector) -> tuple[Vector, float]:
    """Choose some profiles that stand for all, and the distance from them within which most of the others lie.

    No profiles, and a distance of 0, where there are too few.
    """
    if len(found) < FEWEST:
        return found[:0], 0.0
    order = np.random.default_rng(0).permutation(len(found))
    half = min(_DRAWN, len(found) // 2)
    references = _spread_out(found[order[:half]])
    reach = float(np.quantile(distances(found[order[half:]], references), LIKE))
    return references, reach


def _spread_out(found: Vector) -> Vector:
    """At most ``MOST_PROFILES`` profiles: the one nearest their mean, then always the one farthest from those taken."""
    taken = [int(np.argmin(np.sum((found - found.mean(axis=0)) ** 2, axis=1)))]
    away = np.sum((found - found[taken[0]]) ** 2, axis=1)
    while len(taken) < min(MOST_PROFILES, len(found)) and away.max() > 0.0:
        taken.append(int(np.argmax(away)))
        away = np.minimum(away, np.sum((found - found[taken[-1]]) ** 2, axis=1))
    return found[taken]
