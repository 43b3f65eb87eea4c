"""Calibrating within a budget of time: measure, fit, choose what helps most, and so on until it is spent.

The store is the state: what it holds is never measured again, and a later start goes on from it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hwmodels import Platform
from measure.configuration import Configuration
from measure.process import Worker
from measure.record import Measurement
from measure.session import Progress, Session, measure
from measure.store import Store

from . import design
from .choice import Candidates, candidates, most_informative, slopes
from .costs import PROTOCOL, costs_s
from .errors import RecordsError
from .fit import Fit, fit_measured
from .pricing import Indices, Measured, Vector, prepare
from .scores import drawn, held_out_folds, score
from .store_records import read_store

FEWEST = 12
"""Measurements from which a fit is of use for choosing more."""

_FIRST_SHARE, _ROUND_SHARE = 0.25, 0.08
"""Of the budget: the first round, for which nothing is known but the base, and each of the others."""
_ROUND_S = (15.0, 90.0)
_NETWORK_SHARE, _DOUBT_SHARE = 0.4, 0.3
"""Of each round: whole networks, and the kinds of operators with the largest errors; the rest to what tells most."""
_SHORTEST_S = 1e-5
"""Latency below which the call is timed rather than the operator."""
_DEAREST_SHARE = 0.03
"""Of the budget, for one measurement at most."""
_POOL_PER_MINUTE, _POOL = 64, (64, 1024)
"""Operators to choose among; a quarter as many networks."""


class Task(NamedTuple):
    """What to calibrate, on what, and how long."""

    base: Platform
    dtype: str
    session: Session
    store_file: Path
    minutes: float
    target: float
    """Mean absolute error on networks held out of the fit at which to stop, a fraction; 0 for never."""
    seed: int


class Round(NamedTuple):
    """Where a calibration stands, and what it measures next."""

    minutes: float
    """Since the start."""
    measured: int
    failed: int
    error: float | None
    """Mean absolute error by cross-validation, of all that was measured; None before there is a fit."""
    network_error: float | None
    """The same of whole networks alone; None without any."""
    following: tuple[tuple[str, int], ...]
    """Names and how many of each, the most first; nothing at the end."""


class Learned(NamedTuple):
    """What the store says by now. Errors are log(predicted / observed) by fits that had not seen the network."""

    measured: Measured
    fit: Fit
    fold_errors: Vector

    @property
    def kinds(self) -> tuple[str, ...]:
        """The name of the operator, block or network of each observation."""
        return tuple(name.partition(" ")[0] for name in self.measured.names)

    @property
    def network_errors(self) -> Vector:
        """The errors on whole networks."""
        return self.fold_errors[np.isin(self.kinds, design.NETWORKS)]


def rounds(task: Task, store: Store) -> Iterator[Round]:
    """Measure round by round until the time is spent, the target met or nothing left to measure.

    Each is told before it is measured; the last one has nothing following. Raises RecordsError where the base can
    predict nothing of what could be measured.
    """
    start_s, pool, pace = time.monotonic(), _pool(task), 1.0
    end_s = start_s + 60.0 * task.minutes
    with Worker() as builder:
        while True:
            learned = _learned(task, store)
            progress = Progress(pool.configurations, task.session, store, PROTOCOL)
            open_ = pool.only(np.flatnonzero([progress.is_due(one) for one in pool.configurations]))
            left_s = 0.0 if _is_met(task, learned) else max(0.0, end_s - time.monotonic())
            chosen, expected_s = _chosen(task, open_, learned, left_s, pace)
            yield _round(time.monotonic() - start_s, progress, learned, chosen)
            if not chosen:
                return
            began_s = time.monotonic()
            for _ in measure(Progress(chosen, task.session, store, PROTOCOL), task.session.backend, builder):
                if time.monotonic() >= end_s:
                    break
            else:
                # What was expected to take a second took this many.
                pace = (time.monotonic() - began_s) / expected_s


def _pool(task: Task) -> Candidates:
    least, most = _POOL
    count = min(max(round(_POOL_PER_MINUTE * task.minutes), least), most)
    operators = design.operators(count, task.dtype, task.seed)
    found = candidates(task.base, task.dtype, operators + design.networks(count // 4, task.dtype, task.seed))
    if found is None:
        raise RecordsError(f"{task.base.name}: predicts none of the operators that a calibration measures")
    return found


def _learned(task: Task, store: Store) -> Learned | None:
    """None while there is too little to fit."""
    outcomes = [r.outcome for r in store.records() if r.backend == task.session.backend.name]
    if sum(isinstance(outcome, Measurement) for outcome in outcomes) < FEWEST:
        return None
    records, graphs = read_store(task.store_file, task.session.backend.name)
    measured = prepare(task.base, records.observations(graphs))
    fitted = fit_measured(task.base, drawn(measured, np.arange(len(measured))))
    return Learned(measured, fitted, held_out_folds(task.base, measured))


def _is_met(task: Task, learned: Learned | None) -> bool:
    errors = learned.network_errors if learned else np.empty(0)
    return len(errors) >= FEWEST and score(errors).mape <= task.target


def _chosen(
    task: Task, pool: Candidates, learned: Learned | None, left_s: float, pace: float
) -> tuple[list[Configuration], float]:
    """What to measure in the next round, and the seconds that it is expected to take at a pace of 1."""
    if not len(pool) or left_s == 0.0:
        return [], 0.0
    budget_s = min(left_s, _round_s(task, first=learned is None)) / pace
    platform = learned.fit.platform if learned else task.base
    latencies_s = pool.planned.latencies_s(platform)
    cost_s = costs_s(pool.planned, latencies_s)
    affordable = np.flatnonzero((cost_s <= 60.0 * _DEAREST_SHARE * task.minutes) & (latencies_s >= _SHORTEST_S))
    if not len(affordable):
        return [], 0.0
    pool, cost_s = pool.only(affordable), cost_s[affordable]
    is_network = np.isin([one.name for one in pool.configurations], design.NETWORKS)
    networks, others = np.flatnonzero(is_network), np.flatnonzero(~is_network)
    chosen = _within(networks, cost_s, _NETWORK_SHARE * budget_s)
    if learned is None:
        chosen += _within(others, cost_s, budget_s - _NETWORK_SHARE * budget_s)
    else:
        doubted = _doubted(task, pool, others, learned, cost_s)
        chosen += _within(doubted, cost_s, _DOUBT_SHARE * budget_s)
        rest_s = (1.0 - _NETWORK_SHARE - _DOUBT_SHARE) * budget_s
        chosen += _informative(pool, others, networks, learned, cost_s, rest_s)
    kept = list(dict.fromkeys(chosen))
    return [pool.configurations[i] for i in kept], float(cost_s[kept].sum())


def _round_s(task: Task, first: bool) -> float:
    least_s, most_s = _ROUND_S
    if first:
        return 60.0 * _FIRST_SHARE * task.minutes
    return min(max(60.0 * _ROUND_SHARE * task.minutes, least_s), most_s)


def _within(order: Indices, cost_s: Vector, budget_s: float) -> list[int]:
    """The first ones of an order until that time is spent; the last of them may take longer."""
    before_s = np.cumsum(cost_s[order]) - cost_s[order]
    return [int(i) for i in order[before_s < budget_s]]


def _doubted(task: Task, pool: Candidates, among: Indices, learned: Learned, cost_s: Vector) -> Indices:
    """Operators in a random order, in which those of kinds with large errors, and quick ones, come early.

    Each draws an exponential waiting time whose rate is the kind's mean squared error for a second of measuring.
    """
    squares: dict[str, list[float]] = {}
    for kind, error in zip(learned.kinds, learned.fold_errors.tolist()):
        squares.setdefault(kind, []).append(error**2)
    doubts = {kind: float(np.mean(found)) for kind, found in squares.items()}
    unknown = max(doubts.values())
    rates = np.array([doubts.get(pool.configurations[i].name, unknown) / cost_s[i] for i in among])
    random = np.random.default_rng((task.seed, len(learned.measured)))
    return among[np.argsort(random.exponential(size=len(among)) / np.maximum(rates, 1e-12))]


def _informative(
    pool: Candidates, among: Indices, networks: Indices, learned: Learned, cost_s: Vector, budget_s: float
) -> list[int]:
    """Operators that tell most about the networks of the pool."""
    if not len(networks):
        return []
    platform, free = learned.fit.platform, learned.fit.parameters
    found = slopes(platform, free, pool.planned)
    best = most_informative(learned.fit.jacobian, found[among], found[networks], cost_s[among], budget_s)
    return [int(among[i]) for i in best]


def _round(spent_s: float, progress: Progress, learned: Learned | None, chosen: list[Configuration]) -> Round:
    tally = progress.tally
    of_networks = learned.network_errors if learned else np.empty(0)
    return Round(
        minutes=spent_s / 60.0,
        measured=len(learned.measured) if learned else tally.measured,
        failed=tally.failed,
        error=score(learned.fold_errors).mape if learned else None,
        network_error=score(of_networks).mape if len(of_networks) else None,
        following=tuple(Counter(one.name for one in chosen).most_common()),
    )
