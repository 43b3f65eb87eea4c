"""Every shipped platform at every precision it has, and the latencies that the laws compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isclose

import stairline as sl
from stairline.hwmodels.files.derived import with_values, without_residual
from stairline.hwmodels.platform import Rule
from stairline.hwmodels.quantities import quantities

RELATIVE_TOLERANCE = 1e-6
"""Latencies this close are equal: sums of the same kernels in another order differ in the last bits."""

CLOCKS = ("clock_hz",)
"""Last parts of the keys whose values are clocks."""


@dataclass(frozen=True)
class Target:
    """A device at one precision."""

    device: sl.Device
    dtype: str

    @property
    def label(self) -> str:
        """The platform's name and the precision, which the rows of exceptions match."""
        return f"{self.device.name} {self.dtype}"

    def rules(self) -> dict[str, Rule]:
        """Each operator that the platform's own processor runs, with the rule that prices it."""
        return self.device.platform.machine(self.dtype).rules

    @cached_property
    def analytical(self) -> Target:
        """The same device by its mechanisms alone, without a correction that was learned."""
        platform = without_residual(self.device.platform)
        return self if platform is self.device.platform else Target(sl.Device(platform), self.dtype)

    @cached_property
    def at_double_clock(self) -> Target:
        """The same device, by its mechanisms alone, with every clock of its file doubled."""
        platform = without_residual(self.device.platform)
        clocks = {key: 2.0 * q.value for key, q in quantities(platform.file) if key.rsplit(".", 1)[-1] in CLOCKS}
        assert clocks, f"{self.device.name} states no clock"
        return Target(sl.Device(with_values(platform, clocks)), self.dtype)

    def predict(self, graph: sl.Graph) -> sl.Prediction | None:
        """The prediction; None where an operator has no model, and where lowering makes a graph that cannot be."""
        try:
            return self.device.predict(graph, self.dtype)
        except (sl.UnknownOperatorError, sl.GraphError):
            return None

    def latency_s(self, graph: sl.Graph) -> float | None:
        """Latency in seconds; None where there is no prediction."""
        found = self.predict(graph)
        return None if found is None else found.latency_s


@lru_cache(maxsize=1)
def targets() -> tuple[Target, ...]:
    """All shipped platforms at all of their precisions."""
    return tuple(Target(device, dtype) for device in sl.available() for dtype in device.dtypes)


def equal(a: float, b: float) -> bool:
    """Whether two latencies are the same but for rounding."""
    return isclose(a, b, rel_tol=RELATIVE_TOLERANCE)


def differing(target: Target, spellings: Mapping[str, sl.Graph]) -> str:
    """How the latencies of several spellings of one network differ; empty where they are all the same."""
    times = {name: target.latency_s(graph) for name, graph in spellings.items()}
    known = [time for time in times.values() if time is not None]
    if not known or (len(known) == len(times) and equal(min(known), max(known))):
        return ""
    return ", ".join(f"{name} " + ("refused" if t is None else f"{t * 1e6:.2f} us") for name, t in times.items())
