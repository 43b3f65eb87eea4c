"""How good a calibration is on networks that it has not seen: cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hwmodels import Platform

from .fit import fit_measured
from .pricing import Indices, Measured, Vector
from .residual import with_residual

SEED = 0
"""Of every random choice, so that the same records give the same file."""

FOLDS = 5

MOST_FITTED = 1000
"""Observations that a fit is given at most, drawn at random: a dozen rates are known long before."""

MOST_CROSS_FITTED = 400
"""The same for the many fits of a cross-validation; with fewer, scores err to the low side."""

MOST_FAMILIES = 50
"""Families up to which each is left out once; beyond, name prefixes are no families."""


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


class HeldOut(NamedTuple):
    """log(predicted / observed) under fits that had not seen the observation: by the models alone, and corrected."""

    analytical: Vector
    corrected: Vector


def drawn(measured: Measured, among: Indices, most: int = MOST_FITTED) -> Measured:
    """The given observations, or ``most`` of them at random."""
    return measured.only(np.random.default_rng(SEED).permutation(among)[:most])


def held_out_folds(platform: Platform, measured: Measured, folds: int = FOLDS) -> HeldOut:
    """Errors of every observation under fits to the other folds; a network is in one fold only."""
    networks, network = np.unique(measured.names, return_inverse=True)
    fold_of = np.random.default_rng(SEED).permutation(len(networks)) % min(folds, len(networks))
    return _held_out(platform, measured, fold_of[network])


def held_out_families(platform: Platform, measured: Measured) -> HeldOut | None:
    """The same under fits to all but the observation's family, nan for what is no whole network.

    None where there are fewer than two families of whole networks, or so many that their names tell none apart.
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
    """The observations of every family, those that are no whole networks together."""
    names = np.array([name or "operators, blocks" for name in measured.families])
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def family_scores(measured: Measured, log_errors: Vector) -> dict[str, Score]:
    """The score of every family of whose networks there are errors."""
    known = {name: own[np.isfinite(log_errors[own])] for name, own in families(measured).items()}
    return {name: score(log_errors[own]) for name, own in known.items() if len(own)}


def _held_out(platform: Platform, measured: Measured, group: Indices) -> HeldOut:
    """Each group under a fit to all others; a group below 0 is fitted always and gets nan."""
    errors = HeldOut(np.full(len(measured), np.nan), np.full(len(measured), np.nan))
    for one in np.unique(group[group >= 0]):
        own, others = np.flatnonzero(group == one), np.flatnonzero(group != one)
        fitted = fit_measured(platform, drawn(measured, others, MOST_CROSS_FITTED)).platform
        corrected = with_residual(fitted, drawn(measured, others))
        left = measured.only(own)
        errors.analytical[own], errors.corrected[own] = left.log_errors(fitted), left.log_errors(corrected)
    return errors
