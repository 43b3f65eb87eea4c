"""What the paper's findings imply for one network on one platform: changes that are worth it, by prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.prediction import Prediction

from .accuracy import caution
from .activations import activation_changes
from .blocks import block_changes, refused_changes
from .case import LEAST_SHARE, Advice, Candidate, Case, case
from .channels import channel_changes
from .kernels import kernel_changes
from .memory import spill_changes
from .partitions import HostRun, host_runs
from .settings import batch_changes, precision_changes

NOTHING = 0.001
"""Share of the latency that a change which adds something may cost; and by which two changes count as equal."""

SEARCHES: tuple[Callable[[Case], Iterator[Sequence[Candidate]]], ...] = (
    *(refused_changes, activation_changes, block_changes, precision_changes, spill_changes),
    *(channel_changes, kernel_changes, batch_changes),
)
"""Each gives groups of candidates that exclude each other, the gentlest first."""


class Advised(NamedTuple):
    """A network on a platform, and what to change about it."""

    before: Prediction
    advice: tuple[Advice, ...]
    """The largest gain first; then what adds something for nothing."""
    host_runs: tuple[HostRun, ...]
    """What falls back, and what the whole partition behind it costs."""
    caution: str
    """What the paper knows of the network's accuracy on this platform; empty where it knows nothing."""


def advise(graph: Graph, platform: Platform, dtype: str, *, allow_unknown: bool = False) -> Advised:
    """Changes of a network that are worth it on a platform. Raises as ``predict`` does.

    Each gain is that of the changed network as ``predict`` gives it. Nothing is said where there is nothing to gain.
    """
    asked = case(canonical(graph), platform, dtype, allow_unknown=allow_unknown)
    found = (_best(asked, group) for search in SEARCHES for group in search(asked))
    ordered = sorted((one for one in found if one is not None), key=_rank)
    return Advised(
        asked.before, tuple(ordered), host_runs(asked.plan, asked.before), caution(asked.graph, platform, dtype)
    )


def _rank(one: Advice) -> tuple[bool, bool, float]:
    return one.change.adds, not one.makes_it_run, -one.gain_s


def _best(asked: Case, group: Sequence[Candidate]) -> Advice | None:
    """The candidate that saves the most, the first of equal ones; None where none is worth it."""
    priced = [Advice(one, asked.before, asked.predicted(one.graph, one.dtype)) for one in group]
    worth = [one for one in priced if is_worth_it(one)]
    most_s = max((one.gain_s for one in worth), default=0.0)
    return next((one for one in worth if one.gain_s >= most_s - NOTHING * asked.before.latency_s), None)


_WORSE = {"ok": 0, "lower_bound": 1, "falls_back": 2, "cannot_run": 3}


def is_worth_it(one: Advice) -> bool:
    """Whether a change saves enough or adds something for nothing, and the network runs no less of itself than before.

    A change that lets a network run which the platform cannot run otherwise is worth it whatever it takes.
    """
    before, after = one.before.summary, one.after.summary
    if after.coverage.least < before.coverage.least or _WORSE[after.status] > _WORSE[before.status]:
        return False
    if one.makes_it_run:
        return True
    return one.gain_share >= (-NOTHING if one.change.adds else LEAST_SHARE)
