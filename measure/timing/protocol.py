"""One visit to a model: warm-ups, then runs until the mean is known, between two readings of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import machine, rapl
from .record import Reading, Run
from .sample import statistics

TOLERANCE = 0.02
"""Half-width of the mean's 95 % interval over the mean that is good enough (the paper's appendix A)."""

_PRODUCT_SIZE = 192
_PRODUCT_REPEATS = 15
_STREAM_VALUES = 16 << 20
"""64 MiB of float32: more than the last cache of most processors."""
_STREAM_REPEATS = 7
_BATCH = 10
"""Number of runs between two checks of the interval."""


class Protocol(NamedTuple):
    """How often a configuration is visited, and what is done in each visit.

    The paper takes the mean of 50 runs after 10 warm-ups, known within 2 % (appendix A). Here five visits share the
    runs, so that neither a slow minute nor one process can own a configuration, and each has warm-ups of its own.
    """

    visits: int = 5
    max_visits: int = 10
    """Number of visits at which to stop although no calm visits agree; see campaign/agreement.py."""
    warmups: int = 10
    runs: int = 10
    """Least number of timed runs in each visit."""
    max_runs: int = 200
    """Number of runs at which a visit stops although the mean is not known within ``TOLERANCE``."""
    max_s: float = 4.0
    """Time in seconds after which a visit completes its ``runs`` and takes no more."""
    visits_per_process: int = 1
    """Visits to different configurations that share a process; two visits to the same one never do."""
    counters: bool = False
    """Whether each visit ends with a profile of the operators, where the runtime has one."""


DEFAULT = Protocol()


def measure_run(infer: Callable[[], object], protocol: Protocol = DEFAULT) -> Run:
    """Make one visit: time ``infer`` until the mean is known within ``TOLERANCE`` or a bound of the protocol is met."""
    before = reading()
    warmups_s = tuple(_timed(infer) for _ in range(protocol.warmups))
    deadline_s, energy = time.perf_counter() + protocol.max_s, rapl.energy_counters()
    runs_s = [_timed(infer) for _ in range(protocol.runs)]
    while len(runs_s) < protocol.max_runs and time.perf_counter() < deadline_s and not is_narrow(runs_s):
        runs_s += [_timed(infer) for _ in range(min(_BATCH, protocol.max_runs - len(runs_s)))]
    spent_j = rapl.spent_j(energy, rapl.energy_counters())
    energy_j = None if spent_j is None else spent_j / len(runs_s)
    return Run(warmups_s, tuple(runs_s), before, reading(), energy_j=energy_j)


def is_narrow(runs_s: Sequence[float]) -> bool:
    """Whether the mean of these times is known within ``TOLERANCE``."""
    found = statistics(runs_s)
    return found.ci95_s <= TOLERANCE * found.mean_s


def reading() -> Reading:
    """The state of the machine now, with the median times of two fixed pieces of work."""
    from statistics import median

    import numpy as np

    ones = np.ones((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype=np.float32)
    many: Any = np.ones(_STREAM_VALUES, dtype=np.float32)
    matmul_s = median(_timed(lambda: ones @ ones) for _ in range(_PRODUCT_REPEATS))
    stream_s = median(_timed(many.sum) for _ in range(_STREAM_REPEATS))
    return Reading(matmul_s, stream_s, machine.temperature_c(), machine.current_clock_hz())


def _timed(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
