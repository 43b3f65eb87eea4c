"""Cascades: operators in a row whose stripes stay in the fast memory, so that the maps between them are never stored.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/cascade_builder.cpp: BuildCascades, RollingBufferShape and
IsCascadable; regor/compiler/scheduler.cpp: ProposeMinimalSchedule, ProposeScheduleStriping and OptimizeSubSchedule,
for a main memory that is not the fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

from stairline.hwmodels.kernels.ethos_u.memory import BRICK
from stairline.simulator.runtimes.vela.blocks.query import round_up
from stairline.simulator.runtimes.vela.network.network import Network
from stairline.simulator.runtimes.vela.weights.encoding import encode

from .buffering import Place, Slack, propose
from .steps import Step

Steps = dict[int, Step]
"""The step of each node, by the node's position in the order of execution."""
Striped = Callable[[int, int], Step]
"""(position of a node, rows of its output that it computes at a time) -> its step."""


class Cascade(NamedTuple):
    """The positions of its first and last node, and the bytes of fast memory that all its buffers take."""

    start: int
    end: int
    bytes: int


def minimal(net: Network, striped: Striped) -> Steps:
    """The steps of all nodes in the lowest stripes that the stride of the next node allows."""
    found, rows = {}, 1
    for position in reversed(range(len(net.nodes))):
        node = net.nodes[position]
        found[position] = striped(position, rows)
        rows = int(node.op.work.stride_h)
    return found


def build(net: Network, steps: Steps, whole: Steps, limit: int) -> tuple[Steps, list[Cascade]]:
    """Join nodes into cascades while the maps between them exceed the fast memory and their stripes fit it.

    ``limit`` is the size of the fast memory in bytes, ``whole`` the steps of nodes that no cascade takes.
    """
    done: Steps = {}
    cascades = []
    for position in sorted(steps):
        if position in done:
            continue
        members = _grown(net, steps, done, position, limit) if _cascadable(net, position, steps[position]) else None
        if members is None or members[1] == position:
            done[position] = whole[position]
            continue
        size, end = members
        cascades.append(Cascade(position, end, size))
        for member in range(position, end + 1):
            done[member] = steps[member]._replace(cascade=end, first=member == position)
    return done, cascades


def _grown(net: Network, steps: Steps, done: Steps, start: int, limit: int) -> tuple[int, int]:
    """Bytes and last position of the longest cascade from ``start`` that pays."""
    buffers, best, end, producer = steps[start].buffer_bytes, 0, start, start
    while True:
        after = producer + 1
        tensor = net.tensors[net.nodes[producer].output]
        if after in done or after not in steps or tensor.readers != (after,) or tensor.whole:
            break
        if not _cascadable(net, after, steps[after]) or not _same_map(net, producer, after):
            break
        buffers += rolling_bytes(net, steps, producer) + steps[after].buffer_bytes
        maps = net.tensors[net.nodes[after].inputs[0]].bytes + net.tensors[net.nodes[after].output].bytes
        if maps < limit or buffers > limit:
            break
        best, end, producer = buffers, after, after
    return best, end


def rolling_bytes(net: Network, steps: Steps, producer: int) -> int:
    """Bytes of the buffer of rows between a node and the next one."""
    work, taken = net.nodes[producer + 1].op.work, steps[producer + 1].input_rows
    rows = round_up(steps[producer].rows + taken, taken)
    return int(rows * work.w_in * ceil(net.nodes[producer].op.work.c_out / BRICK) * BRICK)


def _cascadable(net: Network, position: int, step: Step) -> bool:
    node = net.nodes[position]
    return node.striped and step.rows < node.op.work.h_out


def _same_map(net: Network, producer: int, after: int) -> bool:
    a, b = net.nodes[producer].op.work, net.nodes[after].op.work
    return (a.h_out, a.w_out, a.c_out) == (b.h_in, b.w_in, b.c_in)


def optimized(
    net: Network, cascade: Cascade, steps: Steps, whole: Steps, striped: Striped, limit: int, before: Slack | None
) -> tuple[Steps, list[Cascade]] | None:
    """The cascade with weights buffered and the highest stripes that fit; None where no higher ones do.

    ``before`` is the slack of the node before the cascade.
    """
    own = {position: steps[position] for position in range(cascade.start, cascade.end + 1)}
    buffered = _buffered(net, cascade, own, limit, before)
    last = net.nodes[cascade.end].op.work
    best, most = None, 0
    for rows in range(own[cascade.end].rows + 1, (int(last.h_out) + 1) // 2 + 1):
        proposed = _restriped(net, cascade, rows, buffered, striped)
        found, cascades = build(net, proposed, whole, limit)
        most = most or len(cascades)
        if _peak(net, found, cascades) > limit or len(cascades) > most:
            break
        best = found, cascades
        if not cascades:
            break
    return best


def _buffered(net: Network, cascade: Cascade, own: Steps, limit: int, before: Slack | None) -> set[int]:
    """Positions of the nodes whose weights are copied, as far as the buffers of rows leave room."""
    found, used = set(), cascade.bytes
    for position, step in own.items():
        if step.op.weighted:
            movable, first = net.movable(net.nodes[position]), position == cascade.start
            place = Place(before, max(limit - used, 0), True, first, step.rows, movable)
            proposal = propose(step.op, place, step.reference)
            if proposal is not None:
                found.add(position)
                used += sum(proposal.parts)
                before = proposal.slack
                continue
        before = Slack(step.cycles, max(limit - used, 0))
    return found


def _restriped(net: Network, cascade: Cascade, rows: int, buffered: set[int], striped: Striped) -> Steps:
    found = {}
    for position in range(cascade.end, cascade.start - 1, -1):
        node = net.nodes[position]
        step = striped(position, rows)
        if position in buffered:
            step = step._replace(buffer_bytes=encode(step.op, node.op.work.c_out).bytes)
        found[position] = step
        rows = step.rows * int(node.op.work.stride_h)
    return found


def _peak(net: Network, steps: Steps, cascades: Sequence[Cascade]) -> int:
    peak = max((cascade.bytes for cascade in cascades), default=0)
    for position, step in steps.items():
        if step.cascade < 0:
            node = net.nodes[position]
            maps = sum(net.tensors[t].bytes for t in (*node.inputs, node.output))
            peak = max(peak, maps + step.buffer_bytes)
    return peak
