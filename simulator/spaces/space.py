"""A space of networks with their latencies: compiled where its kernels compose, otherwise predicted one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stairline.hwmodels import Platform
from stairline.hwmodels.platform import Machine
from stairline.simulator.pricing.batch import predict_many

from .compiled import CompiledSpace, Found, compiled
from .errors import NotComposableError
from .parts import macs_by_position
from .structure import Codes, Structure


@dataclass(frozen=True, eq=False)
class Space(Structure):
    """The networks that result from one choice at each position, and their latencies on any platform.

    Raises SpaceError for a space without positions, and for a position that has no choice or more than 256.
    """

    _compiled: dict[Machine, CompiledSpace | NotComposableError] = field(default_factory=dict, init=False, repr=False)

    def predict(self, codes: Codes | Sequence[Sequence[int]], platform: Platform, dtype: str | None = None) -> Found:
        """Latency, energy and status of the networks with these codes, at ``dtype`` or the platform's default.

        The first call on a machine plans and prices every fragment, which takes seconds; then a network costs a sum.
        Where the kernels of a fragment depend on the whole network, ``slow_reason`` says why and the networks are
        planned one by one. Equal to ``predict`` of each network but for rounding. Raises SpaceError for a code that is
        not the space's, PlatformError for a precision that the platform lacks, and UnknownOperatorError when an
        operator has no kernel model.
        """
        rows, machine = self.valid(codes), platform.machine(dtype)
        table = self._table(machine)
        return table.predict(rows) if isinstance(table, CompiledSpace) else _one_by_one(self, rows, machine)

    def slow_reason(self, platform: Platform, dtype: str | None = None) -> str:
        """Why the space's networks are planned one by one on a platform; empty where they are compiled."""
        table = self._table(platform.machine(dtype))
        return "" if isinstance(table, CompiledSpace) else str(table)

    def _table(self, machine: Machine) -> CompiledSpace | NotComposableError:
        if machine not in self._compiled:
            try:
                self._compiled[machine] = compiled(self, machine)
            except NotComposableError as why:
                self._compiled[machine] = why
        return self._compiled[machine]


def _one_by_one(space: Structure, codes: Codes, machine: Machine) -> Found:
    summaries = list(predict_many(map(space.graph, codes), machine))
    return Found(
        np.array([s.latency_s for s in summaries]),
        np.array([np.nan if s.energy_j is None else s.energy_j for s in summaries]),
        np.array([s.status for s in summaries], dtype=np.str_),
        np.array([sum(macs_by_position(space.grown(code))) for code in codes]),
    )
