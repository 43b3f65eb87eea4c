"""What each fragment of a planned network runs as: the kernels, transfers and memory of its position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.platform import Machine, Rule
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.placement import LOCAL_NEEDS, Need
from stairline.simulator.mapping.plan import Kernel, Plan, require_models
from stairline.simulator.pricing.batch import priced
from stairline.simulator.pricing.predict import transfers
from stairline.simulator.pricing.residual import corrections
from stairline.simulator.walk import plan

from .structure import Grown, State, Structure


class Run(NamedTuple):
    """One kernel of a fragment: its first operator, its rule and its work, and where it runs."""

    op: str
    rule: Rule
    work: Work
    elsewhere: bool
    """Whether the fallback runs it."""


class Situation(NamedTuple):
    """What the kernels of a fragment depend on: the state that it reads, and where the layer before it runs."""

    state: State
    elsewhere: bool
    """Whether the fallback runs the layer before."""


class Part(NamedTuple):
    """What one fragment of a planned network runs as."""

    kernels: tuple[Run, ...]
    moved_s: tuple[float, ...]
    """The times of the fragment's tensors that cross between processors or over the host link, in seconds."""
    need: Need
    """What the fragment takes of the platform's main memory."""
    refused: bool
    """Whether no processor of the platform runs the fragment."""
    macs: float
    """Multiply-adds of the fragment's layers."""
    behind: Situation
    """What the next fragment finds."""


def parts_of(space: Structure, code: Sequence[int], machine: Machine) -> list[Part]:
    """What each position of a network runs as. A kernel belongs to the position of its first layer."""
    grown = space.grown(np.array(code, dtype=np.int64))
    planned = plan(grown.graph, machine)
    require_models(planned)
    owners, positions = _owners(grown, planned.graph), len(grown.ends)
    kernels: list[list[Run]] = [[] for _ in range(positions)]
    for kernel in planned.kernels:
        kernels[owners[kernel.layers[0]]].append(_run(planned, kernel))
    needs, moved_s = _needs(planned, owners, positions), _moved_s(planned, owners, positions)
    macs = macs_by_position(grown)
    refused, elsewhere = _refused(planned, owners), _ends_elsewhere(planned, owners, positions)
    return [
        Part(
            tuple(kernels[p]),
            tuple(moved_s[p]),
            needs[p],
            p in refused,
            macs[p],
            Situation(grown.states[p], elsewhere[p]),
        )
        for p in range(positions)
    ]


def macs_by_position(grown: Grown) -> list[float]:
    """The multiply-adds of the layers of each position."""
    of_layer = [float(grown.graph.counts(layer).macs) for layer in grown.graph.layers]
    return [sum(of_layer[first:end]) for first, end in zip((0, *grown.ends), grown.ends)]


def _owners(grown: Grown, lowered: Graph) -> list[int]:
    """The position of each lowered layer.

    It is that of the layer that it stems from, whose name it has or begins with; of one that stems from none, that of
    the layer whose output it reads.
    """
    of_name, first = {}, 0
    for place, end in enumerate(grown.ends):
        of_name.update(dict.fromkeys((layer.name for layer in grown.graph.layers[first:end]), place))
        first = end
    owners: list[int] = []
    for layer in lowered.layers:
        source = max((lowered.producer[tensor] for tensor in layer.inputs), default=-1)
        reads = owners[source] if source >= 0 else 0
        owners.append(of_name.get(layer.name, of_name.get(layer.name.rsplit("/", 1)[0], reads)))
    return owners


def _run(planned: Plan, kernel: Kernel) -> Run:
    assert kernel.rule is not None
    op = planned.graph.layers[kernel.layers[0]].op
    return Run(op, kernel.rule, kernel.work, kernel.machine is not planned.machine)


def _ends_elsewhere(planned: Plan, owners: Sequence[int], positions: int) -> list[bool]:
    """Whether the fallback runs the last layer up to each position's end."""
    runs_elsewhere = {i: kernel.machine is not planned.machine for kernel in planned.kernels for i in kernel.layers}
    found = [False] * positions
    for index, place in enumerate(owners):
        found[place:] = [runs_elsewhere[index]] * (positions - place)
    return found


def _moved_s(planned: Plan, owners: Sequence[int], positions: int) -> list[list[float]]:
    """The times of the transfers of each position: of tensors that it reads, of the input, and of the output."""
    crossing = [min(owners[reader] for reader in planned.graph.consumers[c.tensor]) for c in planned.crossings]
    places = (*crossing, *[0] * len(planned.graph.inputs), *[positions - 1] * len(planned.graph.outputs))
    moved_s: list[list[float]] = [[] for _ in range(positions)]
    for place, moved in zip(places, transfers(planned)):
        moved_s[place].append(moved.cost.latency_s)
    return moved_s


def _refused(planned: Plan, owners: Sequence[int]) -> set[int]:
    """The positions with a layer that no processor runs; a reason starts with the name of its layer."""
    places = {layer.name: place for layer, place in zip(planned.graph.layers, owners)}
    about = [reason.split(":")[0] for reason in planned.unsupported]
    return {places[name] for name in about if name != planned.graph.name}


def _needs(planned: Plan, owners: Sequence[int], positions: int) -> list[Need]:
    """What each position takes of main memory."""
    found = LOCAL_NEEDS.get(planned.machine.placement_rule or "")
    if found is None:
        return [Need(0, 0)] * positions
    machines = [planned.machine] * len(planned.graph.layers)
    for kernel in planned.kernels:
        for index in kernel.layers:
            machines[index] = kernel.machine
    own: list[list[Need]] = [[] for _ in range(positions)]
    for place, need in zip(owners, found(planned.graph, machines, planned.machine)):
        own[place].append(need)
    return [Need(sum(n.kept_bytes for n in of), max((n.working_bytes for n in of), default=0)) for of in own]


def times_s(parts: Iterable[Part], machine: Machine) -> dict[Run, float]:
    """The time of each kernel, corrected by the platform's residual, in seconds."""
    unique = list(dict.fromkeys(run for part in parts for run in part.kernels))
    works = np.array([run.work for run in unique], dtype=np.float64).reshape(-1, len(Work._fields))
    seconds = priced(works, [run.rule for run in unique])
    if machine.residual is not None:
        ops = ["" if run.elsewhere else run.op for run in unique]
        element_bytes = np.array([run.rule.roof.element_bytes for run in unique])
        seconds = seconds * corrections(machine.residual, ops, works, seconds, element_bytes)
    return dict(zip(unique, seconds.tolist()))
