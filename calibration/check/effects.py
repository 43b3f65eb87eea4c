"""The rows that reasons are tested on, as arrays: what each row and each predicted kernel in it took."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels import Platform, without_residual
from stairline.simulator.graph.graph import Graph

from .join import Part, Planned, planned
from .rows import Row, Vector

Mask = NDArray[np.bool_]

SIZES: dict[str, Callable[[Part], float]] = {
    "kernel": lambda p: max(p.work.kernel_h, p.work.kernel_w) if p.work else 0.0,
    "stride": lambda p: max(p.work.stride_h, p.work.stride_w) if p.work else 0.0,
    "c_in": lambda p: p.work.c_in if p.work else 0.0,
    "c_out": lambda p: p.work.c_out if p.work else 0.0,
    "h_out": lambda p: p.work.h_out if p.work else 0.0,
    "groups": lambda p: p.work.groups if p.work else 0.0,
}
"""The quantities in which a description may be narrow."""

_UNMATCHED = 1.0
"""The log error that a row without a partner counts with."""
_FLOOR = 0.003
"""Mean log error below which nothing is left to explain."""
_ROUNDING = 0.02
"""Relative noise at which weights stop growing."""


@dataclass(frozen=True, eq=False)
class Tested:
    """Rows of a sample of networks, with the predicted kernels of all of them."""

    rows: tuple[Row, ...]
    graphs: dict[int, Graph]
    """The networks of the sample, by their place in the file."""
    dtypes: dict[int, str | None]
    platform: Platform

    def of(self, nets: Container[int]) -> Tested:
        """The rows of some of the networks."""
        return replace(self, rows=tuple(row for row in self.rows if row.joined.net in nets))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All predicted kernels, row by row."""
        return tuple(part for row in self.rows for part in row.joined.parts)

    @cached_property
    def row_of(self) -> NDArray[np.int64]:
        """(parts,): the row of each."""
        return np.repeat(np.arange(len(self.rows)), [len(row.joined.parts) for row in self.rows])

    @cached_property
    def seconds(self) -> Vector:
        """(parts,): predicted time."""
        return np.array([part.predicted.latency_s for part in self.parts])

    @cached_property
    def ops(self) -> NDArray[np.str_]:
        """(parts,): operator."""
        return np.array([part.op for part in self.parts], dtype=str)

    @cached_property
    def sizes(self) -> dict[str, Vector]:
        """By quantity, (parts,): its value."""
        return {name: np.array([of(part) for part in self.parts]) for name, of in SIZES.items()}

    @cached_property
    def predicted(self) -> Vector:
        """(rows,): predicted time in seconds, 0 where the model has nothing."""
        return np.array([row.joined.predicted_s or 0.0 for row in self.rows])

    @cached_property
    def measured(self) -> Vector:
        """(rows,): measured time in seconds, 0 where there is none."""
        return np.array([row.joined.measured_s or 0.0 for row in self.rows])

    @cached_property
    def whole(self) -> Mask:
        """(rows,): whether the row is a whole network."""
        return np.array([row.joined.kernel is None for row in self.rows], dtype=bool)

    @cached_property
    def weights(self) -> Vector:
        """(rows,): the weight of each row's error; none for transfers, which no runtime reports."""
        noise = np.array([row.noise or 0.0 for row in self.rows])
        seen = np.array(
            [bool(row.joined.layers) or row.joined.kernel is None or not row.joined.parts for row in self.rows]
        )
        return np.asarray(seen * _ROUNDING / np.sqrt(noise**2 + _ROUNDING**2))

    @cached_property
    def analytical(self) -> Vector:
        """(rows,): what the platform predicts without its residual."""
        return self.again(without_residual(self.platform))

    def totals(self, of_parts: Vector) -> Vector:
        """(rows,): the sum of a value over each row's parts."""
        return np.asarray(np.bincount(self.row_of, of_parts, minlength=len(self.rows)), dtype=np.float64)

    def errors(self, predicted: Vector) -> Vector:
        """(rows,): log of measured over predicted; a fixed penalty for a row with one of them alone."""
        both = (predicted > 0.0) & (self.measured > 0.0)
        ratio = np.log(np.where(both, self.measured, 1.0)) - np.log(np.where(both, predicted, 1.0))
        alone = (predicted > 0.0) != (self.measured > 0.0)
        return np.where(both, np.clip(ratio, -16.0, 16.0), np.where(alone, _UNMATCHED, 0.0))

    def criterion(self, predicted: Vector, parameters: float, alternatives: float = 1.0) -> float:
        """The information criterion of a prediction: errors are Laplace's, of a scale that the rows themselves state.

        ``alternatives`` is the number of hypotheses of the same kind that were tried.
        """
        n = float(np.count_nonzero(self.weights))
        scale = float(np.sum(self.weights * np.abs(self.errors(predicted))) / np.sum(self.weights))
        return float(2.0 * n * np.log(scale + _FLOOR) + parameters * np.log(n) + 2.0 * np.log(alternatives))

    def again(self, platform: Platform, dtype: str | None = None) -> Vector:
        """(rows,): what another platform, or another precision, predicts for the same rows."""
        found = np.zeros(len(self.rows))
        by_net: dict[int, list[int]] = {}
        for place, row in enumerate(self.rows):
            by_net.setdefault(row.joined.net, []).append(place)
        for net, places in by_net.items():
            one = planned(self.graphs[net], platform, dtype or self._dtype(platform, net))
            for place, seconds in self._spread(places, one).items():
                found[place] = seconds
        return found

    def _dtype(self, platform: Platform, net: int) -> str | None:
        dtype = self.dtypes[net]
        return dtype if dtype in platform.dtypes else None

    def _spread(self, places: Sequence[int], one: Planned) -> dict[int, float]:
        """The time of a network's rows: each kernel belongs to the row that its first layer is in."""
        found = dict.fromkeys(places, 0.0)
        row_of_layer: dict[str, int] = {}
        for place in places:
            joined = self.rows[place].joined
            if joined.kernel is None:
                found[place] = one.prediction.summary.latency_s
                continue
            row_of_layer |= dict.fromkeys(joined.layers or (f"{joined.op} {joined.kernel}",), place)
        for part in one.parts:
            names = part.predicted.layers or (f"{part.op} {part.predicted.name}",)
            place = next((row_of_layer[name] for name in names if name in row_of_layer), -1)
            if place >= 0:
                found[place] += part.predicted.latency_s
        return found
