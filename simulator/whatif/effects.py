"""What changes of a platform do to one network: before and after, each change alone, and why one has no effect."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, hypot, isclose, log
from typing import NamedTuple

from stairline.hwmodels import Platform, PlatformError, derive
from stairline.hwmodels.files.changes import Change, Times, Value
from stairline.hwmodels.quantities import dtype_of
from stairline.hwmodels.schema import WIDEST
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.pricing.predict import predict
from stairline.simulator.pricing.prediction import KernelPrediction, Prediction

DOUBT = 0.5
"""The part of a change's effect, as a log ratio, that its own 90 % interval reaches from it to either side."""


class Alone(NamedTuple):
    """What one of the changes does by itself. Times in seconds."""

    change: Change
    latency_s: float
    why_none: str
    """Why the change has no effect on the latency; empty where it has one."""
    is_joint: bool = False
    """Whether the change is none by itself, so that the latency is that of all such changes together."""


class Effect(NamedTuple):
    """What changes do to a network on a platform."""

    before: Prediction
    after: Prediction
    alone: tuple[Alone, ...]

    @property
    def separate(self) -> tuple[Alone, ...]:
        """The effects that are independent of each other: joint ones count once."""
        joint = [one for one in self.alone if one.is_joint]
        return tuple(one for one in self.alone if not one.is_joint or one is joint[0])

    @property
    def factor(self) -> float:
        """Half the 90 % interval afterwards, as a factor; see ``widened``."""
        stated = self.after.summary.upper_s / self.after.latency_s if self.after.latency_s else 1.0
        return widened(stated, [one.latency_s / self.before.latency_s for one in self.separate])


def effect(graph: Graph, platform: Platform, changes: Sequence[Change], dtype: str | None = None) -> Effect:
    """What the changes do to a network on a platform that carries no residual. Raises as ``predict`` and ``derive``.

    Changes that are none by themselves, such as one of two numbers that must agree, have their effect together.
    """
    before, after = predict(graph, platform, dtype), predict(graph, derive(platform, changes), dtype)
    each = [_changed(graph, platform, [change], dtype) for change in changes]
    joint = [change for change, found in zip(changes, each) if found is None]
    together = (_changed(graph, platform, joint, dtype) if joint else None) or after
    alone = tuple(_alone(change, before, found or together, found is None) for change, found in zip(changes, each))
    return Effect(before, after, alone)


def _changed(graph: Graph, platform: Platform, changes: Sequence[Change], dtype: str | None) -> Prediction | None:
    """The prediction with some of the changes; None where these alone make no platform for the network."""
    try:
        return predict(graph, derive(platform, changes), dtype)
    except (PlatformError, UnknownOperatorError):
        return None


def widened(factor: float, ratios: Sequence[float]) -> float:
    """Half a 90 % interval, as a factor, behind changes that multiply the latency by these ratios, each alone.

    The logarithms add as independent errors do: that of the platform's own interval, and of each change's effect the
    part ``DOUBT``. What was calibrated stays as certain as it was, and a change without effect adds nothing.
    """
    return min(exp(hypot(log(factor), *(DOUBT * log(ratio) for ratio in ratios))), WIDEST)


def _alone(change: Change, before: Prediction, after: Prediction, is_joint: bool) -> Alone:
    is_none = isclose(before.latency_s, after.latency_s, rel_tol=1e-12)
    return Alone(change, after.latency_s, _why_none(change, before, after) if is_none else "", is_joint)


def _why_none(change: Change, before: Prediction, after: Prediction) -> str:
    """Why a change leaves the latency as it is."""
    touched = [k for k, other in zip(before.kernels, after.kernels) if k.cost != other.cost]
    if touched:
        kernels = (
            "the kernel that it touches is" if len(touched) == 1 else f"the {len(touched)} kernels that it touches are"
        )
        return f"{kernels} bound by {_bounds(touched)} throughout"
    if before.energy_j != after.energy_j:
        return "it bears on the energy alone"
    if before.summary.upper_s != after.summary.upper_s:
        return "it bears on the interval alone"
    if isinstance(change, Value | Times):
        return _why_unread(change.key, before)
    return "no kernel of this network changes"


def _why_unread(key: str, before: Prediction) -> str:
    """Why no kernel of a network depends on a number of its platform."""
    dtype, parts = dtype_of(key), key.split(".")
    if dtype is not None and dtype != before.summary.dtype:
        return f"the network runs at {before.summary.dtype}"
    ops = {op for kernel in before.kernels for op in kernel.ops}
    if parts[0] == "kernels" and ops.isdisjoint(parts[1].split("|")):
        return f"no kernel of this network is priced under kernels.{parts[1]}"
    if parts[0] == "placement":
        return "no more and no less of the network finds room"
    return "no kernel of this network depends on it at these sizes"


def _bounds(kernels: Sequence[KernelPrediction]) -> str:
    """The bounds that most of the kernels' time is under, the first one first."""
    shares: dict[str, float] = {}
    for kernel in kernels:
        shares[kernel.bound] = shares.get(kernel.bound, 0.0) + kernel.latency_s
    return " or ".join(sorted(shares, key=lambda bound: -shares[bound]))
