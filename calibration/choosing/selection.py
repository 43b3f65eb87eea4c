"""What the next round of a calibration measures: shares for whole networks, for large errors and for information."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stairline.calibration.records.families import is_network
from stairline.measure.plan.configuration import Configuration
from stairline.simulator.pricing.arrays import Indices, Vector

from .choice import Candidates, most_informative, slopes
from .costs import costs_s
from .task import InterimFit, Task

_FIRST_SHARE, _ROUND_SHARE = 0.2, 0.08
"""Shares of the budget: the first round, for which little is known but the base, and each of the others."""
_ROUND_S = (15.0, 90.0)
_NETWORK_SHARE, _DOUBT_SHARE = 0.6, 0.2
"""Shares of each round: whole networks, and the kinds of operators with the largest errors; the rest goes to the
operators that lower the variance of predictions most."""
_SHORTEST_S = 1e-5
"""Latency below which the call is timed rather than the operator."""
_DEAREST_SHARE, _DEAREST_S = 0.03, 2.0
"""Share of the budget for one measurement at most; and what one may take however small the budget."""


class Selection(NamedTuple):
    """What is measured next, and the seconds that it is expected to take at a pace of 1."""

    configurations: tuple[Configuration, ...] = ()
    expected_s: float = 0.0


def in_order(among: Candidates, cost_s: Vector, left_s: float) -> Selection:
    """Select candidates in their order, as far as ``left_s`` seconds go."""
    return _selection(among, _within(np.arange(len(among)), cost_s, left_s), cost_s)


def selected(task: Task, pool: Candidates, interim: InterimFit | None, left_s: float) -> Selection:
    """Select what to measure in the next round, with ``left_s`` seconds until the end at a pace of 1."""
    if not len(pool) or not left_s:
        return Selection()
    blind = interim is None or not len(interim.network_errors)
    budget_s = min(left_s, _round_s(task, blind))
    latencies_s = pool.networks.latencies_s(interim.fit.platform if interim else task.base)
    cost_s = costs_s(pool.networks, latencies_s)
    dearest_s = max(60.0 * _DEAREST_SHARE * task.minutes, _DEAREST_S)
    affordable = (cost_s <= dearest_s) & (latencies_s >= _SHORTEST_S)
    whole = np.array([is_network(one.label) for one in pool.configurations])
    networks, others = np.flatnonzero(affordable & whole), np.flatnonzero(affordable & ~whole)
    chosen = _within(networks, cost_s, _NETWORK_SHARE * budget_s)
    if interim is None or blind:
        chosen += _within(others, cost_s, (1.0 - _NETWORK_SHARE) * budget_s)
    else:
        doubted = _doubted(task, pool, others, interim, cost_s)
        chosen += _within(doubted, cost_s, _DOUBT_SHARE * budget_s)
        rest_s = (1.0 - _NETWORK_SHARE - _DOUBT_SHARE) * budget_s
        chosen += _informative(pool, others, networks, interim, cost_s, rest_s)
    return _selection(pool, list(dict.fromkeys(chosen)), cost_s)


def _selection(among: Candidates, chosen: list[int], cost_s: Vector) -> Selection:
    return Selection(tuple(among.configurations[i] for i in chosen), float(cost_s[chosen].sum()))


def _round_s(task: Task, blind: bool) -> float:
    least_s, most_s = _ROUND_S
    if blind:
        return 60.0 * _FIRST_SHARE * task.minutes
    return min(max(60.0 * _ROUND_SHARE * task.minutes, least_s), most_s)


def _within(order: Indices, cost_s: Vector, budget_s: float) -> list[int]:
    """The first ones of an order until that time is spent; the last of them may take longer."""
    before_s = np.cumsum(cost_s[order]) - cost_s[order]
    return [int(i) for i in order[before_s < budget_s]]


def _doubted(task: Task, pool: Candidates, among: Indices, interim: InterimFit, cost_s: Vector) -> Indices:
    """Operators in a random order, in which those of kinds with large errors, and quick ones, come early.

    Each draws an exponential waiting time whose rate is the kind's mean squared error for a second of measuring.
    """
    squares: dict[str, list[float]] = {}
    for kind, error in zip(interim.kinds, interim.fold_errors.tolist()):
        squares.setdefault(kind, []).append(error**2)
    doubts = {kind: float(np.mean(found)) for kind, found in squares.items()}
    unknown = max(doubts.values())
    rates = np.array([doubts.get(pool.configurations[i].name, unknown) / cost_s[i] for i in among])
    random = np.random.default_rng((task.seed, len(interim.measured)))
    return among[np.argsort(random.exponential(size=len(among)) / np.maximum(rates, 1e-12))]


def _informative(
    pool: Candidates, among: Indices, networks: Indices, interim: InterimFit, cost_s: Vector, budget_s: float
) -> list[int]:
    """The operators that lower the variance of the predictions for the pool's networks most."""
    if not len(networks) or not len(among):
        return []
    platform, free = interim.fit.platform, interim.fit.parameters
    found = slopes(platform, free, pool.networks)
    best = most_informative(interim.fit.jacobian, found[among], found[networks], cost_s[among], budget_s)
    return [int(among[i]) for i in best]
