"""Whether an operator's weights are copied to the fast memory before they are used, and in how many slices.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: ProposeOperatorBuffering,
ProposeSlicedWeightBuffering and PreferFutureOpPerformance, with the constants named there.
"""

from __future__ import annotations

from itertools import pairwise
from math import floor
from typing import NamedTuple

from stairline.hwmodels.kernels.ethos_u.memory import copied_cycles
from stairline.hwmodels.kernels.ethos_u.traffic import blocks_across
from stairline.simulator.runtimes.vela.blocks.query import round_down, round_up
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode

from .estimate import Estimate, engine, estimate, input_cycles, weight_cycles

SPLIT_DEPTH = 16
START_CYCLES = 1000
"""Cycles by which copies may delay the start of a network."""
LEAST_FILLED = 0.3
"""Share of a block's depth that a slice must fill to be worth copying."""


class Slack(NamedTuple):
    """What an operator leaves to the next one: cycles during which weights can be copied, and bytes of fast memory."""

    cycles: int
    bytes: int


class Place(NamedTuple):
    """The situation of an operator: the slack before it, the fast memory that is free, and its cascade."""

    before: Slack | None
    """Slack of the operator before; None at the start of a network."""
    free_bytes: int
    cascaded: bool = False
    cascade_start: bool = False
    rows: int = 0
    """Rows of a stripe; 0: all."""
    movable_input: bool = True
    """Whether the input could be put in the fast memory instead."""
    shared: bool = False
    """Whether other operators have the same weights."""
    consumer_estimate: Estimate | None = None
    """Estimate of the first operator that reads the output."""


class Buffered(NamedTuple):
    """How the weights of an operator are copied to the fast memory before they are used."""

    slices: tuple[int, ...]
    """Bounds of the slices of output channels."""
    parts: tuple[int, int]
    """Bytes of the two halves of the buffer; the second is 0 where one buffer serves all slices."""
    early: bool
    """Whether the first slice is copied while the operator before runs."""
    slack: Slack
    """What the operator leaves to the next one."""


class Case(NamedTuple):
    """The numbers by which Vela decides whether to copy the weights of an operator."""

    reference: Estimate
    """The operator's estimate without buffering."""
    weight_bytes: int
    """Encoded size of all weights."""
    copy_cycles: int
    """Cycles of copying all weights to the fast memory."""
    readings: int
    """How often the engine reads all weights: blocks across the map, times stripes."""
    stripes: int
    in_place_cycles: int
    """Cycles of all readings from the memory in which the weights are stored."""
    fast_cycles: int
    """Cycles of all readings from the fast memory."""
    slack: Slack
    may_start_early: bool
    """Whether the first slice may be copied while the operator before runs."""
    at_start: bool
    """Whether the operator is the first of the network and a copy is worth delaying it."""

    @property
    def dominated(self) -> bool:
        """Whether the engine takes longer than reading weights in place."""
        return self.reference.run_cycles > self.in_place_cycles


def propose(op: Operator, place: Place, reference: Estimate) -> Buffered | None:
    """How the weights of ``op`` are buffered; None where they are read from where they are stored.

    ``reference`` is the operator's estimate without buffering.
    """
    if place.shared and place.before is None:
        # Vela's tables show the first image's weights copied as those of the second, which wait for nothing.
        place = place._replace(before=Slack(reference.run_cycles, place.free_bytes))
    case = _case(op, place, reference)
    if case.fast_cycles >= case.in_place_cycles:
        return None
    slices = _worthwhile_slices(op, place, case)
    if slices is None:
        return None
    sizes = [encode(op, end - start).bytes for start, end in pairwise(slices)]
    parts = _parts(sizes, place.free_bytes)
    if parts is None:
        return None
    double, early = parts[1] > 0, case.may_start_early and parts[0] < case.slack.bytes
    new = estimate(
        op,
        slices,
        rows=place.rows or int(op.work.h_out),
        staged_weights=True,
        slack_cycles=case.slack.cycles if early else START_CYCLES if case.at_start else 0,
        double=double,
        staged_input=place.cascaded and not place.cascade_start,
    )
    if not _better(op, place, case, new, sum(parts), len(slices) - 1):
        return None
    own = Slack(new.last_slice_cycles, place.free_bytes - parts[(len(slices) - 2) % 2 if double else 0])
    return Buffered(slices, parts, early, own)


def _case(op: Operator, place: Place, reference: Estimate) -> Case:
    depth, rows = int(op.work.c_out), place.rows or int(op.work.h_out)
    full = encode(op, depth).bytes
    transfer = int(copied_cycles(op.p, op.roof, full))
    stripes = round_up(int(op.work.h_out), rows) // rows if place.cascaded else 1
    readings = int(blocks_across(op.work, op.p)) * stripes
    in_place, fast = weight_cycles(op, full, False) * readings, weight_cycles(op, full, True) * readings
    smallest = _smallest(transfer, depth)
    return Case(
        reference,
        full,
        transfer,
        readings,
        stripes,
        in_place,
        fast,
        place.before or Slack(0, place.free_bytes),
        place.before is not None and (not place.cascaded or place.cascade_start),
        place.before is None and readings > 1 and (smallest < in_place // 10 or smallest <= START_CYCLES),
    )


def _smallest(transfer: int, depth: int) -> int:
    """Cycles of copying the smallest slice, where copying all weights takes ``transfer`` cycles."""
    return int(transfer * float(min(depth, SPLIT_DEPTH)) / depth)


def _worthwhile_slices(op: Operator, place: Place, case: Case) -> tuple[int, ...] | None:
    """The slices in which the weights would be copied; None where a copy is not worth proposing."""
    depth = int(op.work.c_out)
    visible = max(case.copy_cycles - case.slack.cycles, 0)
    quicker = case.fast_cycles + visible < case.in_place_cycles
    if place.cascaded:
        hidden = visible < case.copy_cycles // 20 or -(-visible // case.stripes) < START_CYCLES
        whole = case.weight_bytes <= place.free_bytes and (hidden or case.at_start) and (quicker or not case.dominated)
        return (0, depth) if whole else None
    hideable = case.may_start_early and _smallest(case.copy_cycles, depth) < case.slack.cycles and case.readings > 1
    if case.at_start or quicker or depth // int(op.p.block_c) > 2 or hideable:
        return _slices(op, case, place.free_bytes // 2)
    return None


def _slices(op: Operator, case: Case, half: int) -> tuple[int, ...] | None:
    """Slices of at most ``half`` bytes whose copies hide behind the engine's work; None where they are too thin."""
    depth, full, transfer = int(op.work.c_out), case.weight_bytes, case.copy_cycles
    least, block, granule = min(SPLIT_DEPTH / depth, 1.0), int(op.p.block_c), max(SPLIT_DEPTH, int(op.p.unit_c))
    ratio = min(case.slack.cycles / transfer, 1.0)
    aligned = floor(ratio / least) * least
    if 1.0 - aligned < least / 2:
        ratio = 1.0
    if case.dominated and 0.5 < ratio < 1.0:
        ratio = min(max(round_up(int(depth * 0.5), SPLIT_DEPTH) / depth, 0.5), 1.0)
    ratio = min(max(ratio, least), min(half / full, 1.0))
    if ratio >= 1.0:
        return (0, depth)
    early = max(round_down(int(depth * ratio), granule), SPLIT_DEPTH)
    if early >= depth:
        return (0, depth)
    part = op._replace(work=op.work._replace(c_out=float(early)), p=op.p._replace(buffered=1.0))
    each = int(depth * int(engine(part, True, False).cycles) / transfer)
    each = round_up(max(each, SPLIT_DEPTH), block)
    if int(each / depth * full) > half:
        each = int(half / full * depth)
    while True:
        each = max(round_down(each, block if each > block else granule), granule)
        slices = (0, *range(early, depth, each), depth)
        sizes = [encode(op, end - start).bytes for start, end in pairwise(slices)]
        if max(sizes) <= half or (early == SPLIT_DEPTH and each == granule):
            break
        if each > early:
            each = round_up(each // 2, granule)
        else:
            early = round_up(early // 2, SPLIT_DEPTH)
    if len(slices) > 3 and each / round_up(each, block) < LEAST_FILLED and case.dominated:
        return None
    return slices


def _parts(sizes: list[int], free: int) -> tuple[int, int] | None:
    """Bytes of the halves of a double buffer, or of a single buffer and 0; None where neither fits ``free`` bytes."""
    halves = max(sizes[::2]), max(sizes[1::2], default=0)
    if len(sizes) > 1 and sum(halves) <= free:
        return halves
    single = max(sizes)
    return (single, 0) if single <= free else None


def _better(op: Operator, place: Place, case: Case, new: Estimate, taken: int, slices: int) -> bool:
    """Whether buffering is no slower than reading weights in place."""
    old, input_read = case.reference, new.input_read_cycles
    if place.movable_input and not (place.cascaded and not place.cascade_start):
        fits = new.input_bytes + taken <= place.free_bytes
        staged = input_cycles(op, old.input_read_bytes, True)
        with_input = max(old.run_cycles, old.weight_read_cycles, staged)
        with_weights = max(new.full_run_cycles, new.weight_read_cycles, new.input_read_cycles)
        if (
            not fits
            and new.input_bytes < case.slack.bytes
            and with_input < with_weights
            and with_input < new.input_read_cycles
        ):
            return False
        if _consumer_needs_it(place, old, new, taken, case.slack.bytes):
            return False
        if fits:
            input_read = input_cycles(op, new.input_read_bytes, True)
    before = max(old.run_cycles, old.weight_read_cycles, input_read)
    after = max(new.full_run_cycles, new.weight_read_cycles, input_read)
    if case.dominated:
        if new.visible_cycles // slices < START_CYCLES:
            after -= new.visible_cycles
        if slices > 1 and new.full_run_cycles == after and case.at_start:
            after -= slices * (START_CYCLES // 2)
    return before >= after and not (case.readings == 1 and case.copy_cycles + new.weight_read_cycles > before)


def _consumer_needs_it(place: Place, old: Estimate, new: Estimate, taken: int, slack_bytes: int) -> bool:
    """Whether the memory is better kept for the next operator, which is held up by reading this one's output."""
    then = place.consumer_estimate
    if (
        then is None
        or then.engine_bound
        or then.weight_read_cycles == 0
        or then.input_read_cycles <= 2.0 * then.weight_read_cycles
    ):
        return False
    if then.input_bytes >= place.free_bytes or then.input_bytes + new.input_bytes + taken <= slack_bytes:
        return False
    return old.engine_bound or then.input_read_cycles > new.input_read_cycles
