"""The interval of a calibrated platform, from the errors of networks that its fits had not seen.

Networks in the very place of calibrated ones get the conformal quantile of the errors of networks held out at random.
The further a network is from them, by the distance of ``simulator.pricing.extrapolation``, the wider its interval, up
to what whole families held out ask for. Both are quantiles of errors divided by how far the errors of kernels average
out in the network, so that the same number holds for a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, inf, isinf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from stairline.calibration.fitting.measured import Measured
from stairline.hwmodels import Platform
from stairline.hwmodels.domain import Domain
from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.schema import WIDEST
from stairline.simulator.pricing.arrays import Vector
from stairline.simulator.pricing.extrapolation import distances, kind, profiles, unlikeness

from .scores import HeldOut

COVERAGE = 0.9
LIKE = 0.95
"""Share of held-out networks that are to count as like the calibrated ones."""
NEAR = 0.5
"""Part of the distance within which those lie, up to which a network counts as in the very place of a calibrated one.
Chosen of 0, 0.25, 0.5, 0.75 and 1 on four devices of nn-Meter with each family left out: it covers 88 to 90 % of these,
and 90 to 96 % of networks like the calibrated ones."""
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
        return np.asarray(np.abs(log_errors) <= self.half_widths(seen))

    def half_widths(self, seen: Outline) -> Vector:
        """(observations,): half the width of the interval of each log latency."""
        unlike = np.zeros(len(seen.concentrations))
        if self.domain is not None:
            unlike = unlikeness(self.domain, distances(seen.profiles, np.array(self.domain.profiles)))
        half = (1.0 - unlike) * np.log(self.factor) + unlike * np.log(self.unlike_factor)
        return np.asarray(half * averaged(self.common, seen.concentrations))


class Coverage(NamedTuple):
    """Shares of held-out networks within the 90 % interval, by intervals whose numbers had not seen their errors."""

    folds: float | None
    """By intervals from the errors of the other folds; None where these are too few for an interval."""
    networks: int
    """Networks that ``folds`` is a share of."""
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
    factor, common = _like(errors.folds, seen)
    domain = _domain(seen)
    if errors.families is None:
        # Nothing is known of other families: twice as wide, by assumption.
        return Interval(factor, common, factor**2, domain)
    known = np.isfinite(errors.families)
    own, left = seen.only(known), averaged(common, seen.concentrations[known])
    unlike = unlike_factor(errors.families[known] / left, own.families, _hidden(own), factor)
    return Interval(factor, common, max(factor, unlike), domain)


def _hidden(seen: Outline) -> Vector:
    """(observations,): how unlike all networks of other families each is: that of a family nobody has calibrated."""
    found = np.zeros(len(seen.families))
    for name in np.unique(seen.families):
        own = seen.families == name
        references, reach = reference_profiles(seen.profiles[~own])
        found[own] = 1.0
        if reach > 0.0:
            away = distances(seen.profiles[own], references) / reach
            found[own] = np.clip((away - NEAR) / (1.0 - NEAR), 0.0, 1.0)
    return found


def coverage(seen: Outline, errors: HeldOut, fold_of: NDArray[np.int64]) -> Coverage:
    """Measure what share of networks intervals cover that neither fits nor the intervals' numbers had seen (CV+).

    ``fold_of`` is the fold of each observation. With a quantile at 90 % the share is promised to be 80 % or more
    whatever the errors, and 90 % where fits to most of the folds err as one to all does (Barber et al. 2021).
    """
    whole = seen.whole if seen.whole.any() else ~seen.whole
    covered = np.zeros(len(errors.folds), dtype=bool)
    for one in np.unique(fold_of[whole]):
        own = fold_of == one
        factor, common = _like(errors.folds[~own], seen.only(~own))
        if isinf(factor):
            return Coverage(None, int(whole.sum()), None)
        half = log(factor) * averaged(common, seen.concentrations[own])
        covered[own] = np.abs(errors.folds[own]) <= half
    folds, networks = float(np.mean(covered[whole])), int(whole.sum())
    if errors.families is None:
        return Coverage(folds, networks, None)
    shares = []
    for name in np.unique(seen.families[np.isfinite(errors.families)]):
        own = seen.families == name
        rest = interval(seen.only(~own), HeldOut(errors.folds[~own], errors.families[~own]))
        shares.append(float(np.mean(rest.covers(seen.only(own), errors.families[own]))))
    return Coverage(folds, networks, float(np.mean(shares)))


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


def unlike_factor(
    log_errors: Vector, families: NDArray[np.str_], unlike: Vector, factor: float, coverage: float = COVERAGE
) -> float:
    """The factor at the far end such that intervals cover this share of families which the fit has not seen.

    ``log_errors`` are those of networks of families left out of the fit, one of ``families`` for each, and ``unlike``
    how far each network is, from 0 to 1, from those of all other families: between, the logarithm of an interval goes
    in proportion from that of ``factor`` to that of the result. Each network is covered from some far end on, and the
    result is the quantile of these, in which each family counts once (the weights of hierarchical conformal prediction,
    Lee et al. 2023). The new family does not count as one more, which would guarantee the share but take the largest
    error of all with fewer than 9 families, and be half as wide again: the share is an estimate.
    """
    near = (1.0 - unlike) * np.log(factor)
    beyond = np.abs(log_errors) - near
    ends = np.where(beyond <= 0.0, 0.0, np.inf)
    np.divide(beyond, unlike, out=ends, where=(beyond > 0.0) & (unlike > 0.0))
    _, number, size = np.unique(families, return_inverse=True, return_counts=True)
    order = np.argsort(ends)
    weight = np.cumsum((1.0 / size[number] / len(size))[order])
    end = ends[order[min(int(np.searchsorted(weight, coverage)), len(order) - 1)]]
    return exp(min(float(end), log(WIDEST)))


def _like(log_errors: Vector, seen: Outline) -> tuple[float, float]:
    """The factor of a kernel and the common share, of networks like the calibrated ones."""
    return _of_networks_and_parts(log_errors, seen) or _of_all(log_errors, seen)


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
    near = float(f"{NEAR * reach:.4g}")
    rows = tuple(tuple(round(float(v), 3) for v in row) for row in references)
    return Domain(reach=float(f"{reach:.4g}"), kinds=seen.kinds, profiles=rows, near=near)


def reference_profiles(found: Vector) -> tuple[Vector, float]:
    """Choose some profiles that stand for all, and the distance from them within which most of the others lie.

    No profiles, and a distance of 0, where there are too few.
    """
    if len(found) < FEWEST:
        return found[:0], 0.0
    order = np.random.default_rng(0).permutation(len(found))
    half = min(_DRAWN, len(found) // 2)
    references = _spread_out(found[order[:half]])
    reach = float(np.quantile(distances(found[order[half : 2 * half]], references), LIKE))
    return references, reach


def _spread_out(found: Vector) -> Vector:
    """At most ``MOST_PROFILES`` profiles: the one nearest their mean, then always the one farthest from those taken."""
    taken = [int(np.argmin(np.sum((found - found.mean(axis=0)) ** 2, axis=1)))]
    away = np.sum((found - found[taken[0]]) ** 2, axis=1)
    while len(taken) < min(MOST_PROFILES, len(found)) and away.max() > 0.0:
        taken.append(int(np.argmax(away)))
        away = np.minimum(away, np.sum((found - found[taken[-1]]) ** 2, axis=1))
    return found[taken]
