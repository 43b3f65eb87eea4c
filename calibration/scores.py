"""How good a calibration is on networks it has not seen: cross-validation, and the interval that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, inf
from typing import NamedTuple

import numpy as np

from hwmodels import Platform

from .fit import fit_measured
from .pricing import Indices, Measured, Vector

SEED = 0
"""Of every random choice, so that the same records give the same file."""

FOLDS = 5

MOST_FITTED = 1000
"""Observations that a fit is given at most, drawn at random: a dozen rates are known long before."""

MOST_CROSS_FITTED = 400
"""The same for the many fits of a cross-validation; with fewer, scores err to the low side."""

COVERAGE = 0.9


class Score(NamedTuple):
    """Shares of predictions within 10 and 20 % of the measurement, and the mean absolute error, all as fractions."""

    networks: int
    within_10: float
    within_20: float
    mape: float


def score(log_errors: Vector) -> Score:
    """The score of log(predicted / observed) of some networks. There must be at least one."""
    errors = np.abs(np.expm1(log_errors))
    return Score(len(errors), float(np.mean(errors <= 0.1)), float(np.mean(errors <= 0.2)), float(np.mean(errors)))


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean over families, each counting once however many networks it has."""
    return Score(sum(s.networks for s in scores), *(float(np.mean(column)) for column in list(zip(*scores))[1:]))


def family(name: str) -> str:
    """The prefix that a network's name shares with its family: all before the last underscore, else the name."""
    return name.rpartition("_")[0] or name


def drawn(measured: Measured, among: Indices, most: int = MOST_FITTED) -> Measured:
    """The given observations, or ``most`` of them at random."""
    return measured.only(np.random.default_rng(SEED).permutation(among)[:most])


def held_out_folds(platform: Platform, measured: Measured, folds: int = FOLDS) -> Vector:
    """log(predicted / observed) of every observation under a fit to the other folds; a network is in one fold only."""
    networks, network = np.unique(measured.names, return_inverse=True)
    fold_of = np.random.default_rng(SEED).permutation(len(networks)) % min(folds, len(networks))
    return _held_out(platform, measured, fold_of[network])


def held_out_families(platform: Platform, measured: Measured) -> Vector:
    """The same under a fit to the other families."""
    _, group = np.unique([family(name) for name in measured.names], return_inverse=True)
    return _held_out(platform, measured, group)


def families(measured: Measured) -> dict[str, Indices]:
    """The observations of every family."""
    names = np.array([family(name) for name in measured.names])
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def family_scores(measured: Measured, log_errors: Vector) -> dict[str, Score]:
    """The score of every family."""
    return {name: score(log_errors[own]) for name, own in families(measured).items()}


def conformal_factor(log_errors: Vector, coverage: float = COVERAGE) -> float:
    """The factor f for which [t / f, t f] covers a new network with this probability, whatever the errors' shape.

    ``log_errors`` are those of networks that the fit has not seen; the rank counts the new one among them (split
    conformal prediction, Lei et al. 2018). Infinite where there are too few: 9 at a coverage of 0.9.
    """
    rank = ceil((len(log_errors) + 1) * coverage)
    return exp(float(np.sort(np.abs(log_errors))[rank - 1])) if rank <= len(log_errors) else inf


def _held_out(platform: Platform, measured: Measured, group: Indices) -> Vector:
    errors = np.full(len(measured), np.nan)
    for one in np.unique(group):
        own, others = np.flatnonzero(group == one), np.flatnonzero(group != one)
        fitted = fit_measured(platform, drawn(measured, others, MOST_CROSS_FITTED)).platform
        errors[own] = measured.only(own).log_errors(fitted)
    return errors
