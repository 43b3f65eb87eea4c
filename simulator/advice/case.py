"""A network on a platform, what might be changed about it, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Plan
from stairline.simulator.pricing.predict import predict, predict_plan
from stairline.simulator.pricing.prediction import Prediction
from stairline.simulator.walk import plan

from .findings import Reason

LEAST_SHARE = 0.005
"""Share of the latency below which a gain is not worth a word, nor are layers that take less."""


@dataclass(frozen=True, eq=False)
class Case:
    """A network in its canonical form, as a platform runs it at one precision."""

    graph: Graph
    platform: Platform
    dtype: str
    allow_unknown: bool
    plan: Plan
    before: Prediction

    def predicted(self, graph: Graph, dtype: str | None = None) -> Prediction:
        """Another network on the same platform, by default at the same precision. Raises as ``predict`` does."""
        return predict(graph, self.platform, dtype or self.dtype, allow_unknown=self.allow_unknown)

    def alone_s(self, graph: Graph) -> float:
        """The time of a part of the network on its own, without the cost of one inference, in seconds."""
        return self.predicted(graph).operators_s

    def matters(self, time_s: float) -> bool:
        """Whether so much of the latency is worth a word."""
        return time_s >= LEAST_SHARE * self.before.latency_s


def case(graph: Graph, platform: Platform, dtype: str, *, allow_unknown: bool = False) -> Case:
    """The case of a network in its canonical form. Raises as ``predict`` does."""
    planned = plan(graph, platform.machine(dtype))
    before = predict_plan(planned, platform.digest, allow_unknown=allow_unknown)
    return Case(graph, platform, dtype, allow_unknown, planned, before)


class Candidate(NamedTuple):
    """A change of a network that may be worth advising."""

    kind: str
    """One word or two for tables and programs, such as "activation"."""
    what: str
    """What to do, as a sentence without its full stop."""
    why: Reason
    """The finding, or the mechanism, behind it."""
    graph: Graph
    """The changed network."""
    dtype: str
    layers: tuple[str, ...] = ()
    """The names of the layers that change; empty where all do."""
    images: int = 1
    """The images of one inference, by which its latency is divided."""
    adds: bool = False
    """Whether the network gets more capable, so that it is worth it if it costs nothing."""
    caution: str = ""
    """What else to know before doing it."""


class Advice(NamedTuple):
    """A change that is worth it, and what the platform predicts of the network with it."""

    change: Candidate
    before: Prediction
    after: Prediction

    @property
    def gain_s(self) -> float:
        """Seconds saved for each image; below 0 by no more than what counts as nothing where the change adds."""
        return self.before.latency_s - self.after.latency_s / self.change.images

    @property
    def gain_share(self) -> float:
        """The share of the latency that is saved; 0 of a network that takes no time."""
        return self.gain_s / self.before.latency_s if self.before.latency_s else 0.0

    @property
    def makes_it_run(self) -> bool:
        """Whether the platform cannot run the network without the change."""
        return self.before.status == "cannot_run" != self.after.status
