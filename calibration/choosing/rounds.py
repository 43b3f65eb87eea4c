"""Calibrating within a budget of time: measure, fit, choose what helps most, and so on until it is spent.

The store is the state: what it holds is never measured again, and a later start goes on from it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import Fit, fit_measured
from stairline.calibration.fitting.pricing import Indices, Measured, Vector, prepare
from stairline.calibration.judging.scores import drawn, held_out_folds, score
from stairline.calibration.probing import probes
from stairline.calibration.records.store import read_store
from stairline.hwmodels import Platform
from stairline.measure.campaign.process import Worker
from stairline.measure.campaign.session import Progress, Session, Visit, measure
from stairline.measure.plan.configuration import Configuration
from stairline.measure.store.store import Record, Store
from stairline.measure.timing.record import Measurement

from . import design
from .choice import Candidates, candidates, most_informative, slopes
from .costs import PROTOCOL, costs_s

FEWEST = 12
"""Measurements from which a fit is of use for choosing more."""

_PROBE_SHARE, _FIRST_SHARE, _ROUND_SHARE = 0.1, 0.2, 0.08
"""Of the budget: the probes, the first round, for which little is known but the base, and each of the others."""
_ROUND_S = (15.0, 90.0)
_NETWORK_SHARE, _DOUBT_SHARE = 0.6, 0.2
"""Of each round: whole networks, and the kinds of operators with the largest errors; the rest to what tells most."""
_SHORTEST_S = 1e-5
"""Latency below which the call is timed rather than the operator."""
_DEAREST_SHARE, _DEAREST_S = 0.03, 2.0
"""Of the budget, for one measurement at most; and what one may take however small the budget."""
_PATIENCE_S = 60.0
"""For one visit: some runtimes never return from shapes that no network has."""
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
    unmodelled: tuple[str, ...] = ()
    """Operators that the base has no model for, so that nothing with them is measured."""
    end: str = ""
    """Why nothing follows."""


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
        return self.fold_errors[[design.is_network(name) for name in self.measured.names]]


class Chosen(NamedTuple):
    """What is measured next, and the seconds that it is expected to take at a pace of 1."""

    configurations: tuple[Configuration, ...] = ()
    expected_s: float = 0.0


Watch = Callable[[Iterator[Visit], int], Iterator[Visit]]
"""Passes visits on, of which so many are expected, and shows how far they are."""


def rounds(task: Task, store: Store, watch: Watch = lambda visits, _: visits) -> Iterator[Round]:
    """Measure round by round until the time is spent, the target met or nothing left to measure.

    Each is told before it is measured; the last one has nothing following. Raises RecordsError where the base can
    predict nothing of what could be measured.
    """
    start_s = time.monotonic()
    end_s = start_s + 60.0 * task.minutes
    probing_end_s = start_s + 60.0 * _PROBE_SHARE * task.minutes
    pool, pace = _pool(task), 1.0
    with Worker() as builder:
        while True:
            learned = _learned(task, store)
            met = _is_met(task, learned)
            left_s = 0.0 if met else max(0.0, end_s - time.monotonic())
            # The probes come first: they show by themselves what a fit takes for granted.
            chosen = _probing(task, store, max(0.0, min(left_s, probing_end_s - time.monotonic())) / pace)
            if not chosen.configurations:
                chosen = _chosen(task, _open(task, store, pool), learned, left_s / pace)
            end = "the target is met" if met else "nothing is left to measure" if left_s else "the time is spent"
            reached = _round(time.monotonic() - start_s, _own(task, store), learned, chosen)
            yield reached._replace(unmodelled=pool.unmodelled, end=end)
            if not chosen.configurations:
                return
            began_s = time.monotonic()
            due = Progress(chosen.configurations, task.session, store, PROTOCOL)
            for _ in watch(measure(due, task.session.backend, builder, _PATIENCE_S), due.left):
                if time.monotonic() >= end_s:
                    break
            else:
                # What was expected to take a second took this many.
                pace = (time.monotonic() - began_s) / chosen.expected_s


def _pool(task: Task) -> Candidates:
    least, most = _POOL
    count = min(max(round(_POOL_PER_MINUTE * task.minutes), least), most)
    operators = design.operators(count, task.dtype, task.seed)
    networks = design.networks(count // 4, task.dtype, task.seed)
    return candidates(task.base, task.dtype, [*operators, *networks])


def _open(task: Task, store: Store, among: Candidates) -> Candidates:
    """Those that the store does not have yet, or not often enough."""
    progress = Progress(among.configurations, task.session, store, PROTOCOL)
    return among.only(np.flatnonzero([progress.is_due(one) for one in among.configurations]))


def _probing(task: Task, store: Store, left_s: float) -> Chosen:
    """Probes that are due, in their order, as far as ``left_s`` goes at a pace of 1."""
    if not left_s:
        return Chosen()
    due = _open(task, store, candidates(task.base, task.dtype, probes.plan(task.dtype, _own(task, store))))
    if not len(due):
        return Chosen()
    cost_s = costs_s(due.planned, due.planned.latencies_s(task.base))
    return _taken(due, _within(np.arange(len(due)), cost_s, left_s), cost_s)


def _learned(task: Task, store: Store) -> Learned | None:
    """None while there is too little to fit."""
    if sum(isinstance(record.outcome, Measurement) for record in _own(task, store)) < FEWEST:
        return None
    records, graphs = read_store(task.store_file, task.session.backend.name)
    measured = prepare(task.base, records.observations(graphs))
    fitted = fit_measured(task.base, drawn(measured, np.arange(len(measured))))
    analytical, _ = held_out_folds(task.base, measured, correct=False)
    return Learned(measured, fitted, analytical)


def _is_met(task: Task, learned: Learned | None) -> bool:
    errors = learned.network_errors if learned else np.empty(0)
    return len(errors) >= FEWEST and score(errors).mape <= task.target


def _chosen(task: Task, pool: Candidates, learned: Learned | None, left_s: float) -> Chosen:
    """What to measure in the next round, with ``left_s`` until the end at a pace of 1."""
    if not len(pool) or not left_s:
        return Chosen()
    blind = learned is None or not len(learned.network_errors)
    budget_s = min(left_s, _round_s(task, blind))
    latencies_s = pool.planned.latencies_s(learned.fit.platform if learned else task.base)
    cost_s = costs_s(pool.planned, latencies_s)
    dearest_s = max(60.0 * _DEAREST_SHARE * task.minutes, _DEAREST_S)
    affordable = (cost_s <= dearest_s) & (latencies_s >= _SHORTEST_S)
    is_network = np.array([design.is_network(one.label) for one in pool.configurations])
    networks, others = np.flatnonzero(affordable & is_network), np.flatnonzero(affordable & ~is_network)
    chosen = _within(networks, cost_s, _NETWORK_SHARE * budget_s)
    if learned is None or blind:
        chosen += _within(others, cost_s, (1.0 - _NETWORK_SHARE) * budget_s)
    else:
        doubted = _doubted(task, pool, others, learned, cost_s)
        chosen += _within(doubted, cost_s, _DOUBT_SHARE * budget_s)
        rest_s = (1.0 - _NETWORK_SHARE - _DOUBT_SHARE) * budget_s
        chosen += _informative(pool, others, networks, learned, cost_s, rest_s)
    return _taken(pool, list(dict.fromkeys(chosen)), cost_s)


def _taken(among: Candidates, chosen: list[int], cost_s: Vector) -> Chosen:
    return Chosen(tuple(among.configurations[i] for i in chosen), float(cost_s[chosen].sum()))


def _round_s(task: Task, blind: bool) -> float:
    least_s, most_s = _ROUND_S
    if blind:
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
    if not len(networks) or not len(among):
        return []
    platform, free = learned.fit.platform, learned.fit.parameters
    found = slopes(platform, free, pool.planned)
    best = most_informative(learned.fit.jacobian, found[among], found[networks], cost_s[among], budget_s)
    return [int(among[i]) for i in best]


def _own(task: Task, store: Store) -> list[Record]:
    return [record for record in store.records() if record.backend == task.session.backend.name]


def _round(spent_s: float, records: list[Record], learned: Learned | None, chosen: Chosen) -> Round:
    failed = sum(isinstance(record.outcome, str) for record in records)
    of_networks = learned.network_errors if learned else np.empty(0)
    return Round(
        minutes=spent_s / 60.0,
        measured=len(records) - failed,
        failed=failed,
        error=score(learned.fold_errors).mape if learned else None,
        network_error=score(of_networks).mape if len(of_networks) else None,
        following=tuple(Counter(one.name for one in chosen.configurations).most_common()),
    )
