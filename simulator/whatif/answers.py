"""The answers to a scenario on one platform."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform, derive, quantities
from stairline.hwmodels.files.changes import Change
from stairline.hwmodels.files.settings import number_changes, require_key, rule_changes
from stairline.hwmodels.files.units import parsed, written
from stairline.hwmodels.quantities import dtype_of
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.pricing.arrays import Vector

from .assumptions import Open, left_open
from .costs import costs, front
from .effects import Effect, effect
from .errors import WhatIfError
from .goals import Way, way
from .points import Axis, Points, axis, grid
from .ridges import Binding, Ridge, bindings, ridges
from .scenario import Scenario
from .suite import Outcomes, Suite, Track, untracked
from .tornado import Swing, tornado


class Swept(NamedTuple):
    """The points of a sweep and what becomes of the suite at each."""

    axes: tuple[Axis, ...]
    points: Points
    outcomes: Outcomes
    latency_s: Vector
    """(points,): the weighted mean latency."""
    energy_j: Vector
    """(points,): the weighted mean energy; not a number where it is not known."""
    limited_s: Vector
    """(points, LIMITS): the weighted mean time in kernels under each bound, in transfers, and per inference."""
    bindings: list[Binding]
    ridges: list[Ridge]
    costs: Vector | None
    """(points,): what each point costs; None where no cost was given."""
    is_on_front: NDArray[np.bool_] | None
    """(points,): whether no point is both as cheap and faster, or as fast and cheaper."""
    replanned: tuple[str, ...]
    """The keys for whose values networks were planned anew."""
    seconds: float
    """How long all points took."""


class Answer(NamedTuple):
    """The answers to a scenario on one platform; what was not asked for is empty or None."""

    base: Platform
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]
    """One for each network, where anything was changed."""
    suite: Suite
    """The networks on the changed platform, of which everything below is asked."""
    swept: Swept | None
    swings: tuple[Swing, ...]
    goal_s: float | None
    ways: tuple[Way, ...]
    left_open: Open | None

    @property
    def ratios(self) -> tuple[float, ...]:
        """What each change alone multiplies the mean latency by; changes that are none by themselves count once."""
        before = np.array([found.before.latency_s for found in self.effects])
        each = zip(*([one.latency_s for one in found.separate] for found in self.effects))
        weights = self.suite.weights
        return tuple(float(np.average(times, weights=weights) / np.average(before, weights=weights)) for times in each)


def answer(scenario: Scenario, base: Suite, track: Track = untracked) -> Answer:
    """The answers on one platform; ``track`` is as for ``Suite.at``.

    Raises WhatIfError and PlatformError for what cannot be asked of it.
    """
    platform = base.platform
    if not base.mean(base.base.latency_s)[0] > 0.0:
        raise WhatIfError(f"{', '.join(base.names)}: no time on {platform.name}, which no change can make less or more")
    changes = (*number_changes(platform, scenario.numbers), *rule_changes(scenario.rules))
    effects = tuple(effect(graph, platform, changes, base.dtype) for graph in base.graphs) if changes else ()
    suite = replace(base, platform=derive(platform, changes)) if changes else base
    goal_s = None if scenario.reach is None else goal(scenario.reach)
    return Answer(
        base=platform,
        changes=changes,
        effects=effects,
        suite=suite,
        swept=sweep(suite, scenario.sweeps, scenario.cost, track) if scenario.sweeps else None,
        swings=tuple(tornado(suite)) if scenario.tornado else (),
        goal_s=goal_s,
        ways=ways(suite, goal_s, scenario.by) if goal_s is not None else (),
        left_open=left_open(suite) if scenario.assumed else None,
    )


def sweep(suite: Suite, texts: Sequence[str], cost: str | None = None, track: Track = untracked) -> Swept:
    """A sweep of one or many numbers; ``texts`` are as ``points.axis`` reads them. Raises as it does."""
    axes = tuple(axis(suite.platform, text) for text in texts)
    points = grid(axes)
    suite.refuse_invalid(points)
    found_costs = None if cost is None else costs(suite.platform, cost, points, suite.requests[0].dtype)
    start_s = time.perf_counter()
    outcomes = suite.at(points, track)
    took_s = time.perf_counter() - start_s
    latency_s = suite.mean(outcomes.latency_s)
    return Swept(
        axes=axes,
        points=points,
        outcomes=outcomes,
        latency_s=latency_s,
        energy_j=suite.mean(outcomes.energy_j),
        limited_s=suite.mean(outcomes.limited_s),
        bindings=bindings(suite, outcomes),
        ridges=[ridge for one in axes for ridge in ridges(suite, one)],
        costs=found_costs,
        is_on_front=None if found_costs is None else front(found_costs, latency_s),
        replanned=tuple(one.key for one in axes if suite.replans(one.key)),
        seconds=took_s,
    )


def goal(text: str) -> float:
    """The seconds in a text such as "5ms". Raises WhatIfError where it is no time above 0."""
    try:
        found = parsed("latency_s", text)
    except ValueError as error:
        raise WhatIfError(f"--reach: {error}") from None
    if found <= 0.0:
        raise WhatIfError(f"--reach {text}: a latency is more than 0")
    return found


def ways(suite: Suite, goal_s: float, keys: Sequence[str]) -> tuple[Way, ...]:
    """How each number alone would reach a goal, those that do first, by how far they would have to go.

    ``keys`` are all numbers of the networks' precisions where empty. Raises WhatIfError where none reaches it, saying
    which comes closest and what binds there.
    """
    for key in keys:
        require_key(suite.platform, key)
    dtypes = {None, *(request.dtype for request in suite.requests)}
    own = [key for key, _ in quantities(suite.platform.file) if dtype_of(key) in dtypes]
    found = [way(suite, key, goal_s) for key in dict.fromkeys(keys or own)]
    if not any(one.is_reached for one in found):
        raise WhatIfError(_out_of_reach(found, goal_s, bool(keys)))
    found.sort(key=lambda one: (not one.is_reached, one.distance if one.is_reached else one.latency_s))
    return tuple(found)


def _out_of_reach(found: Sequence[Way], goal_s: float, are_named: bool) -> str:
    best = min(found, key=lambda one: one.latency_s)
    by = ", ".join(one.key for one in found) if are_named else "any one number"
    refused = f" ({best.refusal})" if best.refusal else ""
    return (
        f"--reach {goal_s * 1e3:g}ms: out of reach by {by}; the closest is {best.latency_s * 1e3:.4g} ms at {best.key} "
        f"= {written(best.key, best.needed)}, where {best.binding.limit} binds ({best.binding.share:.0%} of the time)"
        f"{refused}"
    )


def weights(names: Sequence[str], texts: Sequence[str]) -> tuple[float, ...]:
    """The weight of each network; ``texts`` are such as "mobilenet_v2=3". Networks that none names weigh 1.

    Raises WhatIfError for a text that is none, and for a network that is not there.
    """
    found = dict.fromkeys(names, 1.0)
    for text in texts:
        name, _, number = text.rpartition("=")
        if name not in found:
            raise WhatIfError(f"--weight {text}: no network '{name}'{did_you_mean(name, found)}; write NETWORK=WEIGHT")
        try:
            found[name] = parsed("weight", number)
        except ValueError as error:
            raise WhatIfError(f"--weight {text}: {error}") from None
        if found[name] < 0.0:
            raise WhatIfError(f"--weight {text}: a weight is at least 0")
    if not any(found.values()):
        raise WhatIfError("--weight: all networks weigh 0; give one of them more")
    return tuple(found[name] for name in names)
