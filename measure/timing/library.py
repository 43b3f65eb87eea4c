"""Timing a runtime that is a library of this process: its inputs, its conditions, and one visit to a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from . import machine
from .errors import MeasureError
from .protocol import Protocol, measure_run
from .record import Conditions, OperatorTime, Run

PROFILED_RUNS = 20
"""Number of inferences over which each operator's median time is taken."""

Infer = Callable[[], object]
OperatorTimes = tuple[OperatorTime, ...]


class Library(NamedTuple):
    """A runtime that is called as a function."""

    runtime: str
    delegate: str
    """What executes the operators that the runtime hands on; "none" where it executes everything itself."""
    version: Callable[[], str]
    load: Callable[[Path, int], Infer]
    """Gives, for a model file and a number of threads, a function that runs one inference on random inputs."""
    profile: Callable[[Path, int], OperatorTimes] | None = None
    """Median times of the operators over ``PROFILED_RUNS`` inferences; None where the runtime reports none."""


def library_conditions(library: Library, threads: int) -> Conditions:
    """The conditions here and now; the calling process is kept on its cores from then on. Raises MeasureError."""
    return machine.conditions(machine.pin(threads), library.runtime, library.version(), library.delegate)


def library_visit(library: Library, model: Path, threads: int, protocol: Protocol) -> Run:
    """Time a model's file in this process. Raises MeasureError where operators' times are asked for in vain."""
    run = measure_run(library.load(model, threads), protocol)
    if not protocol.counters:
        return run
    if library.profile is None:
        raise MeasureError(f"{library.runtime} reports no times of its operators: measure without --counters")
    return replace(run, counters=library.profile(model, threads))


def random_input(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Seeded values of a numpy dtype: -1 to 1 for floats, the whole range for 8-bit integers, 0 or 1 for others.

    Raises MeasureError for a shape that leaves a dimension open.
    """
    import numpy as np

    if any(size < 1 for size in shape):
        raise MeasureError(f"input '{name}' leaves a dimension open: {shape}; save the model with fixed shapes")
    generator = np.random.default_rng(0)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return generator.uniform(-1, 1, shape).astype(kind)
    if kind.itemsize == 1 and kind.kind in "iu":
        limits = np.iinfo(kind)
        return generator.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    return generator.integers(0, 2, shape).astype(kind)
