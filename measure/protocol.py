"""How one model is timed: warm-ups, runs until the mean is known well enough, and the machine's own pace beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from .record import Run, statistics

_REFERENCE_SIZE = 192
_REFERENCE_REPEATS = 15
_BATCH = 10
"""Runs between two looks at the interval."""


class Protocol(NamedTuple):
    """The paper's protocol (appendix A: the mean of 50 runs after 10 warm-ups, known within 2 %) and its bounds."""

    warmups: int = 10
    runs: int = 50
    tolerance: float = 0.02
    """Half-width of the mean's 95 % interval over the mean that is good enough."""
    max_runs: int = 1000
    max_s: float = 20.0
    """Time after which only ``runs`` are still completed."""


PAPER = Protocol()


def measure_run(infer: Callable[[], object], protocol: Protocol = PAPER) -> Run:
    """Time ``infer`` by the protocol; ``converged`` is False where a bound came before the tolerance."""
    before_s = reference_s()
    warmups_s = tuple(_timed(infer) for _ in range(protocol.warmups))
    deadline_s = time.perf_counter() + protocol.max_s
    runs_s = [_timed(infer) for _ in range(protocol.runs)]
    while not (converged := _is_narrow(runs_s, protocol.tolerance)):
        if len(runs_s) >= protocol.max_runs or time.perf_counter() > deadline_s:
            break
        runs_s += [_timed(infer) for _ in range(min(_BATCH, protocol.max_runs - len(runs_s)))]
    return Run(warmups_s, tuple(runs_s), converged, (before_s, reference_s()))


def reference_s() -> float:
    """Median time of a fixed matrix product: it depends on nothing but the machine and what else runs on it."""
    import numpy as np

    ones = np.ones((_REFERENCE_SIZE, _REFERENCE_SIZE), dtype=np.float32)
    return float(np.median([_timed(lambda: ones @ ones) for _ in range(_REFERENCE_REPEATS)]))


def _timed(infer: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    infer()
    return time.perf_counter() - start_s


def _is_narrow(runs_s: list[float], tolerance: float) -> bool:
    found = statistics(runs_s)
    return found.ci95_s <= tolerance * found.mean_s
