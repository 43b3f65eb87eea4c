"""Calibrating within a budget of time: measure, fit, choose what helps most, and so on until it is spent.

The store is the state: what it holds is never measured again, and a later start goes on from it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from stairline.calibration.judging.scores import score
from stairline.calibration.probing import probes
from stairline.measure.campaign.process import Worker
from stairline.measure.campaign.session import Progress, Visit, measure
from stairline.measure.store.store import Record, Store

from . import design
from .choice import Candidates, candidates
from .costs import PROTOCOL, costs_s
from .selection import Selection, in_order, selected
from .task import FEWEST, InterimFit, Task, interim_fit

_PROBE_SHARE = 0.1
"""Share of the budget for the probes."""
_PATIENCE_S = 60.0
"""Longest wait for one visit: some runtimes never return from shapes that no network has."""
_POOL_PER_MINUTE, _POOL = 64, (64, 1024)
"""Operators to choose among; a quarter as many networks."""


class Round(NamedTuple):
    """Where a calibration stands, and what it measures next."""

    minutes: float
    """Minutes since the start."""
    measured: int
    failed: int
    error: float | None
    """Mean absolute error by cross-validation, of all that was measured; None before there is a fit."""
    network_error: float | None
    """Mean absolute error by cross-validation of whole networks alone; None without any."""
    following: tuple[tuple[str, int], ...]
    """Names and how many of each, the most first; nothing at the end."""
    unmodelled: tuple[str, ...] = ()
    """Operators that the base has no model for, so that nothing with them is measured."""
    end: str = ""
    """Why nothing follows."""


Watch = Callable[[Iterator[Visit], int], Iterator[Visit]]
"""Passes visits on, of which so many are expected, and shows how far they are."""


def rounds(task: Task, store: Store, watch: Watch = lambda visits, _: visits) -> Iterator[Round]:
    """Measure round by round until the time is spent, the target met or nothing left to measure.

    Yields each round before it is measured; the last one has nothing following. Raises RecordsError where the base can
    predict nothing of what could be measured.
    """
    start_s = time.monotonic()
    end_s = start_s + 60.0 * task.minutes
    probing_end_s = start_s + 60.0 * _PROBE_SHARE * task.minutes
    pool, pace = _pool(task), 1.0
    with Worker() as builder:
        while True:
            interim = interim_fit(task, store)
            met = _is_met(task, interim)
            left_s = 0.0 if met else max(0.0, end_s - time.monotonic())
            # The probes come first: they show by themselves what a fit takes for granted.
            chosen = _probing(task, store, max(0.0, min(left_s, probing_end_s - time.monotonic())) / pace)
            if not chosen.configurations:
                chosen = selected(task, _open(task, store, pool), interim, left_s / pace)
            end = "the target is met" if met else "nothing is left to measure" if left_s else "the time is spent"
            reached = _round(time.monotonic() - start_s, task.own(store), interim, chosen)
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
    """The candidates that the store does not hold yet, or not often enough."""
    progress = Progress(among.configurations, task.session, store, PROTOCOL)
    return among.only(np.array([progress.is_due(one) for one in among.configurations], dtype=bool))


def _probing(task: Task, store: Store, left_s: float) -> Selection:
    """Probes that are due, in their order, as far as ``left_s`` seconds go at a pace of 1."""
    if not left_s:
        return Selection()
    due = _open(task, store, candidates(task.base, task.dtype, probes.plan(task.dtype, task.own(store))))
    if not len(due):
        return Selection()
    return in_order(due, costs_s(due.networks, due.networks.latencies_s(task.base)), left_s)


def _is_met(task: Task, interim: InterimFit | None) -> bool:
    errors = interim.network_errors if interim else np.empty(0)
    return len(errors) >= FEWEST and score(errors).mape <= task.target


def _round(spent_s: float, records: list[Record], interim: InterimFit | None, chosen: Selection) -> Round:
    failed = sum(isinstance(record.outcome, str) for record in records)
    of_networks = interim.network_errors if interim else np.empty(0)
    return Round(
        minutes=spent_s / 60.0,
        measured=len(records) - failed,
        failed=failed,
        error=score(interim.fold_errors).mape if interim else None,
        network_error=score(of_networks).mape if len(of_networks) else None,
        following=tuple(Counter(one.name for one in chosen.configurations).most_common()),
    )
