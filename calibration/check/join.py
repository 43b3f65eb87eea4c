"""Rows: what was measured beside what is predicted, kernel by kernel where operators were timed, else by network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Work
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.precision import precision
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.pricing.prediction import CROSSING, HOST_IO, KernelPrediction, Prediction
from stairline.simulator.walk import plan

from .measured import MeasuredNetwork, OperatorRecord
from .operators import COPIES, operator

UNKNOWN = "unknown_network"
"""The flag of a row whose network nobody knows."""


class Part(NamedTuple):
    """A predicted kernel, or a transfer, which has no work."""

    predicted: KernelPrediction
    work: Work | None

    @property
    def op(self) -> str:
        """The first operator of the kernel."""
        return self.predicted.ops[0]


class Joined(NamedTuple):
    """A network, or kernels of one with the records that are of them. Parts or a measurement may be missing."""

    net: int
    """The place of the network among those that were measured."""
    kernel: str | None
    """The kernel's name; None for a whole network."""
    layers: tuple[str, ...]
    op: str | None
    dtype: str
    parts: tuple[Part, ...]
    fixed_s: float
    """What the prediction holds beside the parts."""
    factor: float
    """The prediction's 90 % interval is [t / factor, t factor]."""
    measured_s: float | None
    std_s: float | None
    line: int
    flags: tuple[str, ...] = ()
    record_ops: tuple[str, ...] = ()
    """The operators of the records, in the project's words."""

    @property
    def predicted_s(self) -> float | None:
        """The predicted time; None where the model has nothing that the records belong to."""
        if not self.parts and (self.kernel is not None or UNKNOWN in self.flags):
            return None
        return self.fixed_s + sum(part.predicted.latency_s for part in self.parts)


class Planned(NamedTuple):
    """A prediction with the work of its kernels."""

    prediction: Prediction
    parts: tuple[Part, ...]


def planned(graph: Graph, platform: Platform, dtype: str | None) -> Planned:
    """Predict a network; operators without a model are left out, and the prediction is flagged."""
    done = plan(graph, platform.machine(precision(graph, platform, dtype)))
    prediction = predict_plan(done, platform.digest, allow_unknown=True)
    works = [k.work for k in done.kernels if k.rule is not None]
    missing = len(prediction.kernels) - len(works)
    return Planned(prediction, tuple(map(Part, prediction.kernels, [*works, *[None] * missing])))


def join(place: int, measured: MeasuredNetwork, found: Planned) -> Iterator[Joined]:
    """The rows of one network: itself where it was timed end to end, and its kernels where they were timed."""
    if measured.latency_s is not None:
        yield _whole(place, measured, found)
    if measured.operators:
        yield from _kernels(place, measured.operators, found)


def _whole(place: int, measured: MeasuredNetwork, found: Planned) -> Joined:
    s = found.prediction.summary
    return Joined(
        net=place,
        kernel=None,
        layers=(),
        op=None,
        dtype=s.dtype,
        parts=found.parts,
        fixed_s=s.fixed_s,
        factor=s.upper_s / s.latency_s if s.latency_s else 1.0,
        measured_s=measured.latency_s,
        std_s=measured.std_s,
        line=measured.line,
        flags=s.flags,
    )


def _kernels(place: int, records: Sequence[OperatorRecord], found: Planned) -> Iterator[Joined]:
    parts = found.parts
    matched = match(records, parts)
    groups = _components(matched)
    flags = tuple(flag for flag in found.prediction.summary.flags if flag != "lower_bound")
    dtype, seen = found.prediction.summary.dtype, set[int]()
    for index, record in enumerate(records):
        if index in seen:
            continue
        if not matched[index]:
            yield _row(place, (record,), (), dtype, ())
            continue
        members, kernels = groups[matched[index][0]]
        seen.update(members)
        yield _row(place, tuple(records[i] for i in members), tuple(parts[k] for k in kernels), dtype, flags)
    taken = {kernel for kernels in matched for kernel in kernels}
    for index, part in enumerate(parts):
        if index not in taken:
            yield _row(place, (), (part,), dtype, flags)


def _row(
    place: int, records: tuple[OperatorRecord, ...], parts: tuple[Part, ...], dtype: str, flags: tuple[str, ...]
) -> Joined:
    stds = [r.std_s for r in records]
    ops = tuple(operator(r.op) for r in records)
    elsewhere = ("elsewhere",) if any(r.elsewhere for r in records) else ()
    return Joined(
        net=place,
        kernel=parts[0].predicted.name if parts else records[0].name or records[0].op,
        layers=tuple(layer for part in parts for layer in part.predicted.layers),
        op=parts[0].op if parts else ops[0],
        dtype=dtype,
        parts=parts,
        fixed_s=0.0,
        factor=max((part.predicted.factor for part in parts), default=1.0),
        measured_s=sum(r.latency_s for r in records) if records else None,
        std_s=None if not records or None in stds else sum((s or 0.0) ** 2 for s in stds) ** 0.5,
        line=records[0].line if records else 0,
        flags=flags + elsewhere + (("unfused",) if len(records) > 1 and len(parts) == 1 else ()),
        record_ops=ops,
    )


def match(records: Sequence[OperatorRecord], parts: Sequence[Part]) -> list[tuple[int, ...]]:
    """The kernels that each record is of: by the name of a layer, else by operator and order among what is left."""
    layers = {name: i for i, part in enumerate(parts) for name in part.predicted.layers}
    kernels = {part.predicted.name: i for i, part in enumerate(parts) if part.predicted.layers}
    lowered = _lowered(layers)
    moved = {(part.op, part.predicted.name): i for i, part in enumerate(parts) if not part.predicted.layers}
    found = []
    for record in records:
        own = moved.get((operator(record.op), record.name))
        named = _by_name(record.name, layers, kernels, lowered, parts) if own is None else (own,)
        found.append(() if own is None and _is_copy(record, named, parts) else named)
    taken = {kernel for ks in found for kernel in ks}
    free_records = [i for i, ks in enumerate(found) if not ks]
    free_parts = [i for i, part in enumerate(parts) if i not in taken and part.predicted.layers]
    ops = [operator(records[i].op) for i in free_records], [parts[i].op for i in free_parts]
    for a, b, size in SequenceMatcher(None, *ops, autojunk=False).get_matching_blocks():
        for step in range(size):
            found[free_records[a + step]] = (free_parts[b + step],)
    return found


def _is_copy(record: OperatorRecord, named: Sequence[int], parts: Sequence[Part]) -> bool:
    """Whether a record is of a copy that the runtime named after the layer beside it."""
    op = operator(record.op)
    return op in (*COPIES, CROSSING, HOST_IO) and not any(op in parts[i].predicted.ops for i in named)


def _lowered(layers: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """The kernels of layers that lowering made of one, by the name of that one: what stands before their last slash."""
    found: dict[str, list[int]] = {}
    for name, kernel in layers.items():
        head, slash, _ = name.rpartition("/")
        if slash and kernel not in found.setdefault(head, []):
            found[head].append(kernel)
    return {name: tuple(kernels) for name, kernels in found.items()}


def _by_name(
    name: str,
    layers: Mapping[str, int],
    kernels: Mapping[str, int],
    lowered: Mapping[str, tuple[int, ...]],
    parts: Sequence[Part],
) -> tuple[int, ...]:
    """The kernels that a record's name means: a layer, a kernel, its number from 0, or several layers joined by +."""
    if not name:
        return ()
    for spelling in (name, name.removesuffix("_kernel"), name.removeprefix("/"), name.rpartition(":")[0]):
        one = layers.get(spelling, kernels.get(spelling))
        if one is not None:
            return (one,)
    if name in lowered:
        return lowered[name]
    for separator in ("+", ";", ","):
        pieces = [layers[piece.strip()] for piece in name.split(separator) if piece.strip() in layers]
        if pieces:
            return tuple(dict.fromkeys(pieces))
    if name.isdecimal() and int(name) < len(parts):
        return (int(name),)
    return ()


def _components(matched: Sequence[tuple[int, ...]]) -> dict[int, tuple[list[int], list[int]]]:
    """Records and kernels that belong together, by each kernel: all that share a record or a kernel."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for record, kernels in enumerate(matched):
        members, joined = [record], list(kernels)
        for kernel in kernels:
            if kernel in found:
                members = [*found[kernel][0], *members]
                joined = [*found[kernel][1], *joined]
        group = sorted(set(members)), sorted(set(joined))
        for kernel in group[1]:
            found[kernel] = group
    return found
