"""What the runtimes that are libraries of this process have in common: inputs, conditions and how they are timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stairline.measure.timing import machine
from stairline.measure.timing.protocol import Protocol, measure_run
from stairline.measure.timing.record import Conditions, Counter, MeasureError, Run

from . import Backend

if TYPE_CHECKING:  # A board has no simulator.
    from stairline.simulator.graph.graph import Graph

PROFILED_RUNS = 20
"""Inferences of which each operator's median time is taken."""

Infer = Callable[[], object]
Counters = tuple[Counter, ...]


class Library(NamedTuple):
    """A runtime that is called as a function."""

    runtime: str
    delegate: str
    """Who executes what the runtime hands on; "none" where it executes everything itself."""
    version: Callable[[], str]
    load: Callable[[Path, int], Infer]
    """From a model file and a number of threads to a function that runs one inference on random inputs."""
    profile: Callable[[Path, int], Counters] | None = None
    """Median times of the operators over ``PROFILED_RUNS`` inferences; None where the runtime does not tell them."""


def library_backend(
    name: str,
    used: Library,
    formats: tuple[str, ...],
    dtypes: tuple[str, ...],
    build: Callable[[Graph, str, Path], Path],
) -> Backend:
    """A backend that times ``used`` in the calling process."""

    def conditions(threads: int) -> Conditions:
        return machine.conditions(machine.pin(threads), used.runtime, used.version(), used.delegate)

    def visit(model: Path, threads: int, protocol: Protocol) -> Run:
        run = measure_run(used.load(model, threads), protocol)
        if not protocol.counters:
            return run
        if used.profile is None:
            raise MeasureError(f"{name} tells no times of its operators: measure without --counters")
        return replace(run, counters=used.profile(model, threads))

    return Backend(name, formats, dtypes, conditions, build, visit)


def random_input(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Seeded values of a numpy dtype: -1 to 1 for floats, the whole range for 8-bit integers, small ones for others."""
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
