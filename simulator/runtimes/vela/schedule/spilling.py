"""A schedule for a main memory behind a small fast one: cascades, then buffered weights, then maps that still fit.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: Process, OptimizeSchedule and
ProposeScheduleBuffering; regor/compiler/faststorage_allocator.cpp: AllocateFeatureMaps and ElementwiseSanitizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stairline.hwmodels.kernels.ethos_u.memory import Map, output_map, stored_elements
from stairline.simulator.runtimes.vela.network.network import Network, Node

from . import cascades
from .buffering import Buffered, Place, Slack, propose
from .cascades import Cascade, Steps
from .estimate import read_elements_of
from .fast_memory import Range, kept
from .steps import Step, step


class Decision(NamedTuple):
    """What the schedule decides about one node."""

    step: Step
    buffered: Buffered | None
    """How its weights are copied; None where they are read from where they are stored."""
    slack: Slack
    """What it leaves to the next node."""


def spilled(net: Network, limit: int) -> tuple[list[Decision], set[int]]:
    """Decisions by position, and the tensors in the fast memory, buffers of rows among them.

    ``limit`` is the size of the fast memory in bytes.
    """
    made: dict[tuple[int, int], Step] = {}

    def striped(position: int, rows: int) -> Step:
        key = position, rows
        if key not in made:
            made[key] = step(net.nodes[position], rows)
        return made[key]

    whole = {i: striped(i, int(node.op.work.h_out)) for i, node in enumerate(net.nodes)}
    steps, found = cascades.build(net, cascades.minimal(net, striped), whole, limit)
    taken = {i: c.bytes for c in found for i in range(c.start, c.end + 1)}
    joined: list[Cascade] = []
    chosen = dict(steps)
    for cascade in found:
        before = cascade.start - 1
        slack = Slack(steps[before].cycles, limit - taken.get(before, 0)) if before >= 0 else None
        better = cascades.optimized(net, cascade, steps, whole, striped, limit, slack)
        if better is None:
            joined.append(cascade)
        else:
            chosen.update(better[0])
            joined += better[1]
    decisions = _buffer_all(net, chosen, joined, limit)
    return decisions, _fast(net, decisions, joined, limit)


def _times(net: Network, joined: list[Cascade]) -> list[int]:
    """The time at which each node runs, the same for all nodes of a cascade.

    Times are even numbers; in the odd times between them weights are copied early.
    """
    times: list[int] = []
    time = 0
    members = {i: c for c in joined for i in range(c.start, c.end + 1)}
    for position in range(len(net.nodes)):
        cascade = members.get(position)
        if cascade is not None and position > cascade.start:
            times.append(times[-1])
            continue
        times.append(time)
        time += 2
    return times


def _buffer_all(net: Network, steps: Steps, joined: list[Cascade], limit: int) -> list[Decision]:
    """The decisions of all nodes: in order of execution each buffers its weights in the memory that is left."""
    times = _times(net, joined)
    maps, buffering, early = ([0] * (2 * len(net.nodes) + 1) for _ in range(3))
    for cascade in joined:
        for position in range(cascade.start, cascade.end):
            maps[times[position]] += cascades.rolling_bytes(net, steps, position)
    for start, end, size in _staged(net, times):
        for time in range(start, end + 1):
            maps[time] += size
    for position, one in steps.items():
        buffering[times[position]] += one.buffer_bytes
    decisions: list[Decision] = []
    for position in range(len(net.nodes)):
        one, time = steps[position], times[position]
        free = max(limit - max(buffering[time] - one.buffer_bytes, 0) - maps[time] - early[time], 0)
        slack, proposal = Slack(one.cycles, free), None
        if one.op.weighted:
            proposal = propose(one.op, _place(net, steps, position, decisions, free), one.reference)
        if proposal is not None:
            slack = proposal.slack
            buffering[time] += sum(proposal.parts)
            if proposal.early and time > 0:
                early[time - 1] += proposal.parts[0]
        decisions.append(Decision(one, proposal, slack))
    return decisions


def _staged(net: Network, times: list[int]) -> Iterator[tuple[int, int, int]]:
    """For each network input that is copied: the first and last time of the copy, and its bytes."""
    for position, node in enumerate(net.nodes):
        if node.stages:
            tensor = net.tensors[node.output]
            yield times[position], times[tensor.readers[0]] + 1, tensor.bytes


def _place(net: Network, steps: Steps, position: int, before: list[Decision], free: int) -> Place:
    node, one = net.nodes[position], steps[position]
    readers = net.tensors[node.output].readers
    return Place(
        before[-1].slack if before else None,
        free,
        one.cascade >= 0,
        one.first,
        one.rows,
        net.movable(node),
        node.shared,
        steps[readers[0]].reference if readers else None,
    )


def _fast(net: Network, decisions: list[Decision], joined: list[Cascade], limit: int) -> set[int]:
    times = _times(net, joined)
    steps = {i: d.step for i, d in enumerate(decisions)}
    rolling = {net.nodes[i].output: i for c in joined for i in range(c.start, c.end)}
    fixed = [
        Range(frozenset(), times[i], times[i] + 1, cascades.rolling_bytes(net, steps, i), 0) for i in rolling.values()
    ]
    for position, decision in enumerate(decisions):
        fixed += _buffers(decision, times[position])
    fast = kept(_candidates(net, decisions, times), fixed, limit) | set(rolling)
    fast |= {node.output for node in net.nodes if node.stages}
    _same_place(net, decisions, fast)
    return fast


def _buffers(decision: Decision, time: int) -> list[Range]:
    """For each half of a weight buffer the times between which it is taken."""
    if decision.buffered is None:
        return []
    parts = [size for size in decision.buffered.parts if size > 0]
    last = (len(decision.buffered.slices) - 2) % len(parts)
    ranges = []
    for number, size in enumerate(parts):
        start = time - 1 if number == 0 and decision.buffered.early else time
        # A half that the last slice does not use is free again while the next operator's is filled.
        ranges.append(Range(frozenset(), max(start, 0), time + int(number == last), size, 0))
    return ranges


def _candidates(net: Network, decisions: list[Decision], times: list[int]) -> list[Range]:
    """Live ranges of the maps that nodes outside cascades write, ordered by their start.

    The output of an element-wise operator shares the place of its input where it can.
    """
    ranges: dict[int, Range] = {}
    for position, node in enumerate(net.nodes):
        tensor = net.tensors[node.output]
        if decisions[position].step.cascade >= 0 or tensor.outside or not tensor.readers or node.output in ranges:
            continue
        start = min(times[w] for w in tensor.writers)
        end = max(times[r] for r in tensor.readers) + 1
        ranges[node.output] = Range(
            frozenset({node.output}), start, end, tensor.bytes, _accesses(net, decisions, node.output)
        )
    for node in net.nodes:
        _reuse(net, node, ranges)
    return sorted(ranges.values(), key=lambda r: r.start)


def _reuse(net: Network, node: Node, ranges: dict[int, Range]) -> None:
    """Let the output of an operator that works element by element replace an input that nothing else reads."""
    single = node.kind == "elementwise" or (
        node.kind in ("pool", "copy") and node.op.work.kernel_h * node.op.work.kernel_w == 1
    )
    own = next((r for r in ranges.values() if node.output in r.tensors), None)
    if not single or own is None or len(net.tensors[node.output].writers) != 1:
        return
    for tensor in node.inputs:
        source = next((r for r in ranges.values() if tensor in r.tensors), None)
        alike = net.tensors[tensor].bytes == net.tensors[node.output].bytes
        if source is not None and source is not own and alike and len(net.tensors[tensor].readers) == 1:
            key, old = min(source.tensors), min(own.tensors)
            del ranges[old]
            ranges[key] = Range(
                source.tensors | own.tensors,
                source.start,
                max(source.end, own.end),
                source.bytes,
                source.accesses + own.accesses,
            )
            return


def _accesses(net: Network, decisions: list[Decision], tensor: int) -> int:
    """Elements that are read from and written to a tensor; a huge number where a cascade reads it in its middle."""
    total = 0
    for reader in net.tensors[tensor].readers:
        node, step = net.nodes[reader], decisions[reader].step
        if step.cascade >= 0 and not step.first:
            return 1 << 40
        if node.inputs[0] == tensor:
            total += int(read_elements_of(step.op.model, step.op.work, step.op.p))
        elif len(node.inputs) > 1 and node.inputs[1] == tensor and node.second:
            total += int(stored_elements(Map(*node.second, 0.0, node.op.p.second_bricks)))
        total += sum(
            int(stored_elements(Map(*size, 0.0, float(net.tensors[tensor].bricks))))
            for t, size in node.chained_operands
            if t == tensor
        )
    for writer in net.tensors[tensor].writers:
        node = net.nodes[writer]
        total += 0 if node.stages else int(stored_elements(output_map(node.op.work, node.op.p)))
    return total


def _same_place(net: Network, decisions: list[Decision], fast: set[int]) -> None:
    """Remove tensors from ``fast`` until both operands of every element-wise operator are in one memory.

    Operators in the middle of a cascade are exempt.
    """
    for position, node in enumerate(net.nodes):
        step = decisions[position].step
        if node.kind != "elementwise" or len(node.inputs) < 2 or (step.cascade >= 0 and not step.first):
            continue
        pair = [t for t in node.inputs if net.tensors[t].writers or net.tensors[t].outside]
        if len(pair) == 2 and (pair[0] in fast) != (pair[1] in fast):
            fast.difference_update(pair)
