"""Training a platform's residual: a correction per kernel, learned from the totals of networks.

The total of a network is T = outside + sum of a_k exp(r_k) over its kernels: a_k is what the models give, r_k what
the trees give. The loss is soft L1 of e = log(T / observed), as in the fit of the models, so that by the chain rule its
gradient in r_k is psi(e) w_k, w_k being the share of the kernel in T. The cross terms of the hessian between kernels of
a network do not fit into trees; since (sum w_k d_k)^2 <= sum w_k d_k^2 for shares that add up to at most 1, psi'(e) w_k
per kernel bounds it from above: every step lowers the loss, and the hessians of a leaf add up to how many networks'
worth of time it holds, which makes ``min_child_weight`` a number of networks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stairline.hwmodels import Platform
from stairline.hwmodels.residual import Residual, ResidualRecord, digest, read_residual
from stairline.simulator.pricing.arrays import Indices, Vector
from stairline.simulator.pricing.residual import FEATURES, features

from .measured import Measured

BOUND = 0.3
"""Largest correction, as a natural logarithm: a factor of 1.35. A mechanism that is off by more shows."""

TREES, DEPTH, RATE = 300, 5, 0.3

NETWORKS = 1.0
"""Networks' worth of time that a leaf must hold, and that pull it towards no correction."""


class Trained(NamedTuple):
    """A trained residual: the bytes of its file, and the operators that it corrects."""

    raw: bytes
    operators: tuple[str, ...]

    def record(self, file: str) -> ResidualRecord:
        """The record by which an overlay refers to the residual, kept in ``file``."""
        return ResidualRecord(file=file, digest=digest(self.raw), operators=self.operators, bound=BOUND)

    @property
    def residual(self) -> Residual:
        """The residual as a platform carries it."""
        return read_residual(self.raw, self.record("residual.json"))


def train(platform: Platform, measured: Measured) -> Trained:
    """Train the residual of a fitted platform on these observations."""
    import xgboost

    unique_s = measured.networks.unique_kernels_s(platform)
    operators = tuple(sorted({slot.op for slot in measured.networks.slots if slot.fixed is None}))
    code_of = {op: code for code, op in enumerate(operators)}
    codes = np.array([float(code_of.get(op, -1)) for op in measured.networks.own_operators])
    own = _correctable(measured, unique_s)
    asked = features(codes[own], measured.networks.works[own], unique_s[own], measured.networks.element_bytes[own])
    data = xgboost.DMatrix(asked, label=np.zeros(len(own)), feature_names=list(FEATURES), nthread=1)
    settings = {
        "max_depth": DEPTH,
        "eta": RATE,
        "min_child_weight": NETWORKS,
        "reg_lambda": NETWORKS,
        "base_score": 0.0,
        "tree_method": "hist",
        "max_bin": 64,
        "nthread": 1,
    }
    objective = _Objective(measured, unique_s, measured.networks.outside_s(platform), own)
    booster = xgboost.train(settings, data, TREES, obj=objective)
    return Trained(bytes(booster.save_raw("json")), operators)


def with_residual(platform: Platform, measured: Measured) -> Platform:
    """Give a fitted platform the residual that is trained on these observations.

    Returns the platform itself where there is nothing to correct: every kernel that takes time has a rule of its own,
    such as one that a schedule completed.
    """
    if not len(_correctable(measured, measured.networks.unique_kernels_s(platform))):
        return platform
    return replace(platform, residual=train(platform, measured).residual)


def _correctable(measured: Measured, unique_s: Vector) -> Indices:
    """The unique kernels that take time under rules of the fitted platform."""
    return np.flatnonzero(np.array([bool(op) for op in measured.networks.own_operators]) & (unique_s > 0.0))


class _Objective:
    """The loss of all networks: its gradient and hessian in the correction of every unique kernel."""

    def __init__(self, measured: Measured, unique_s: Vector, outside_s: Vector, own: Indices) -> None:
        self._measured, self._unique_s, self._outside_s, self._own = measured, unique_s, outside_s, own
        self._network = measured.networks.network_of_kernel
        # A typical observation weighs as much as one network; one known half as well, a quarter.
        self._weight = (np.median(measured.sigma) / measured.sigma) ** 2

    def __call__(self, margins: Any, _: Any) -> tuple[Vector, Vector]:
        m, networks, unique_s = self._measured, self._measured.networks, self._unique_s.copy()
        unique_s[self._own] *= np.exp(np.clip(margins, -BOUND, BOUND))
        kernels_s = unique_s[networks.kernels]
        totals_s = networks.totals(kernels_s) + self._outside_s
        errors = np.log(totals_s) - np.log(m.observed_s)
        eased = self._weight / np.sqrt(1.0 + (errors / m.sigma) ** 2)
        shares = kernels_s / totals_s[self._network]
        pull: Vector = shares * eased[self._network]
        sums = (
            np.bincount(networks.kernels, part, minlength=len(unique_s))
            for part in (pull * errors[self._network], pull)
        )
        gradient, hessian = (part.astype(np.float64)[self._own] for part in sums)
        return gradient, np.maximum(hessian, 1e-12)
