"""How good a calibration is on networks that it has not seen: cross-validation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import fit_measured
from stairline.calibration.fitting.measured import Measured
from stairline.calibration.fitting.residual import with_residual
from stairline.hwmodels import Platform
from stairline.simulator.pricing.arrays import Indices, Vector

SEED = 0
"""Seed of every random choice, so that the same records give the same file."""

FOLDS = 5

MOST_FITTED = 1000
"""Observations that a fit is given at most, drawn at random: a dozen rates are known long before."""

MOST_CROSS_FITTED = 400
"""Observations that each fit of a cross-validation is given at most; with fewer, scores come out too low."""

NO_NETWORKS = "operators, blocks"
"""The name under which what is no whole network is listed among families."""

MOST_FAMILIES = 50
"""Families up to which each is left out once; beyond, name prefixes are no families."""


WORTHWHILE = 0.98
"""A residual helps where the mean error on networks held out is at most this part of the analytical one."""

_MOST_AT_ONCE = 4
"""Fits of a cross-validation that run side by side; each holds a copy of what it fits."""


class Score(NamedTuple):
    """Shares of predictions within 10 and 20 % of the measurement, and the mean absolute error, all as fractions."""

    networks: int
    within_10: float
    within_20: float
    mape: float


def score(log_errors: Vector) -> Score:
    """Score the log(predicted / observed) of some networks, of which there must be at least one."""
    errors = np.abs(np.expm1(log_errors))
    return Score(len(errors), float(np.mean(errors <= 0.1)), float(np.mean(errors <= 0.2)), float(np.mean(errors)))


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean of scores of families, in which each counts once however many networks it has."""
    return Score(sum(s.networks for s in scores), *(float(np.mean(column)) for column in list(zip(*scores))[1:]))


class HeldOut(NamedTuple):
    """log(predicted / observed) of every observation under fits that had not seen it."""

    folds: Vector
    """The error of each observation by a fit to the other folds."""
    families: Vector | None
    """The error of each observation by a fit to the other families, nan for what is no network; None where names do not
    distinguish families."""


def drawn(measured: Measured, among: Indices, most: int = MOST_FITTED) -> Measured:
    """The given observations, or ``most`` of them at random."""
    return measured.only(np.random.default_rng(SEED).permutation(among)[:most])


def held_out(platform: Platform, measured: Measured) -> tuple[HeldOut, HeldOut]:
    """Errors by the models alone, and by the models with a residual, of observations held out of the fits."""
    analytical, corrected = held_out_folds(platform, measured)
    by_family = held_out_families(platform, measured) or (None, None)
    return HeldOut(analytical, by_family[0]), HeldOut(corrected, by_family[1])


def held_out_folds(platform: Platform, measured: Measured, *, correct: bool = True) -> tuple[Vector, Vector]:
    """Errors by the models alone and with a residual, each under a fit to the other folds; a network is in one fold.

    The second is the first unless ``correct``.
    """
    return _held_out(platform, measured, fold_numbers(measured), correct)


def fold_numbers(measured: Measured) -> Indices:
    """(observations,): the fold in which each is held out; all observations of a network are in one."""
    networks, network = np.unique(measured.names, return_inverse=True)
    fold_of = np.random.default_rng(SEED).permutation(len(networks)) % min(FOLDS, len(networks))
    return np.asarray(fold_of[network])


def helps(analytical: Vector, corrected: Vector) -> bool:
    """Whether a residual lowers the mean error of observations held out by enough to be worth its while."""
    return score(corrected).mape <= WORTHWHILE * score(analytical).mape


def chosen_by_others(measured: Measured, analytical: HeldOut, corrected: HeldOut) -> HeldOut:
    """The errors of a fit that decides on its residual without what is held out.

    Each fold, and each family, gets the errors with a residual only where those of all others speak for one. Else a
    choice that the errors themselves have made would pass for a prediction.
    """
    folds = _chosen(fold_numbers(measured), analytical.folds, corrected.folds)
    if analytical.families is None or corrected.families is None:
        return HeldOut(folds, None)
    _, groups = np.unique(np.array(measured.families), return_inverse=True)
    return HeldOut(folds, _chosen(groups, analytical.families, corrected.families))


def _chosen(groups: Indices, analytical: Vector, corrected: Vector) -> Vector:
    known, errors = np.isfinite(analytical), analytical.copy()
    for one in np.unique(groups):
        others = known & (groups != one)
        if others.any() and helps(analytical[others], corrected[others]):
            errors[groups == one] = corrected[groups == one]
    return errors


def held_out_families(platform: Platform, measured: Measured) -> tuple[Vector, Vector] | None:
    """Errors by the models alone and with a residual, each under a fit to the other families; nan without a family.

    None where there are fewer than two families of whole networks, or so many that name prefixes are no families.
    """
    whole = np.array([bool(name) for name in measured.families])
    names, group = np.unique(np.array(measured.families)[whole], return_inverse=True)
    networks = len(set(np.array(measured.names)[whole].tolist()))
    if not 1 < len(names) <= min(MOST_FAMILIES, networks - 1):
        return None
    left_out = np.full(len(measured), -1)
    left_out[whole] = group
    return _held_out(platform, measured, left_out)


def families(measured: Measured) -> dict[str, Indices]:
    """The indices of every family's observations; those of single operators and blocks under ``NO_NETWORKS``."""
    names = np.array([name or NO_NETWORKS for name in measured.families])
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def family_scores(measured: Measured, log_errors: Vector) -> dict[str, Score]:
    """The score of every family whose networks have errors that are not nan."""
    known = {name: own[np.isfinite(log_errors[own])] for name, own in families(measured).items()}
    return {name: score(log_errors[own]) for name, own in known.items() if len(own)}


def over_families(measured: Measured, errors: HeldOut) -> Score | None:
    """The mean score over families, each left out of the fit; None where no family was."""
    if errors.families is None:
        return None
    return mean_score(list(family_scores(measured, errors.families).values()))


def _held_out(platform: Platform, measured: Measured, group: Indices, correct: bool = True) -> tuple[Vector, Vector]:
    """Errors of each group under a fit to all others; observations of groups below 0 are always fitted and get nan."""
    analytical, corrected = np.full(len(measured), np.nan), np.full(len(measured), np.nan)

    def left_out(one: int) -> tuple[Indices, Vector, Vector]:
        own, others = np.flatnonzero(group == one), np.flatnonzero(group != one)
        fitted = fit_measured(platform, drawn(measured, others, MOST_CROSS_FITTED)).platform
        left = measured.only(own)
        alone = left.log_errors(fitted)
        return own, alone, left.log_errors(with_residual(fitted, drawn(measured, others))) if correct else alone

    # Pricing and trees leave the interpreter to others meanwhile, so threads are enough.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_AT_ONCE)) as pool:
        for own, alone, with_trees in pool.map(left_out, np.unique(group[group >= 0]).tolist()):
            analytical[own], corrected[own] = alone, with_trees
    return analytical, corrected
