"""The estimates by which Vela schedules: the cycles of an operator in slices of output channels, stripe by stripe.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/scheduler.cpp: EstimateSlicedOpPerformance and MinReadCycles of
regor/architecture/ethosu85/ethos_u85_performance.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.kernels.ethos_u.engine import (
    Engine,
    conv_engine,
    dwconv_engine,
    elementwise_engine,
    move_engine,
    pool_engine,
)
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.hwmodels.kernels.ethos_u.memory import copied_cycles, input_map, input_words, read_rate, stored_elements
from stairline.hwmodels.kernels.ethos_u.traffic import blocks_across, window_elements
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode


class Estimate(NamedTuple):
    """Cycles and bytes that Vela estimates for one operator."""

    run_cycles: int
    """Cycles of the engine."""
    visible_cycles: int
    """Cycles of copying slices of weights for which the engine waits."""
    last_slice_cycles: int
    """Cycles of the engine in the last slice."""
    weight_read_cycles: int
    input_read_cycles: int
    input_read_bytes: int
    input_bytes: int
    """Size of the input of one stripe, which may be read several times."""

    @property
    def full_run_cycles(self) -> int:
        """Cycles of the engine, with those for which it waits for copies."""
        return self.run_cycles + self.visible_cycles

    @property
    def engine_bound(self) -> bool:
        """Whether the engine takes longer than reading either weights or input."""
        return self.run_cycles > max(self.weight_read_cycles, self.input_read_cycles)


def engine(op: Operator, first: bool = True, last: bool = True) -> Engine:
    """The engine's cycles for an operator, or for a slice of it that is or is not its ``first`` and its ``last``."""
    if op.model == "ethos_u_conv":
        return conv_engine(op.work, op.roof, op.p, float(first), float(last))
    if op.model == "ethos_u_dwconv":
        return dwconv_engine(op.work, op.roof, op.p, float(first), float(last))
    if op.model == "ethos_u_pool":
        return pool_engine(op.work, op.roof, op.p)
    if op.model == "ethos_u_transpose":
        return move_engine(op.work, op.roof, op.p)
    return elementwise_engine(op.work, op.roof, op.p)


def estimate(
    op: Operator,
    slices: Sequence[int],
    *,
    rows: int,
    staged_weights: bool = False,
    staged_input: bool = False,
    slack_cycles: int = 0,
    double: bool = False,
) -> Estimate:
    """Vela's estimate of an operator that computes ``rows`` of its output at a time.

    ``slices`` are the bounds of the slices of output channels. ``staged_weights``: they are copied to the fast memory,
    the first slice during ``slack_cycles`` of the operator before, with ``double`` buffering each further slice during
    the one before. ``staged_input``: the input is in the fast memory.
    """
    p = op.p._replace(buffered=float(staged_weights), input_fast=1.0 if staged_input else op.p.input_fast)
    stripe, repeats = _stripe(op.work, rows), max(1.0, op.work.h_out / rows)
    total = _sliced(op._replace(p=p), stripe, slices, slack_cycles, double)
    read_bytes = int(total.read_elements * op.roof.element_bytes)
    fetches = total.weight_fetches
    weight_read = weight_cycles(op, total.weight_bytes // fetches, staged_weights) * fetches if fetches else 0
    input_read = input_cycles(op._replace(p=p), read_bytes, p.input_fast > 0.0)
    return Estimate(
        int(repeats * total.run_cycles),
        total.visible_cycles,
        total.last_cycles,
        int(repeats * weight_read),
        int(repeats * input_read),
        read_bytes,
        int(stripe.h_in * stripe.w_in * op.work.c_in * op.roof.element_bytes),
    )


class _Sliced(NamedTuple):
    """Sums over the slices of one stripe."""

    run_cycles: int
    visible_cycles: int
    last_cycles: int
    read_elements: int
    weight_bytes: int
    """Bytes of all fetches of weights together."""
    weight_fetches: int


def _sliced(op: Operator, stripe: Work, slices: Sequence[int], slack_cycles: int, double: bool) -> _Sliced:
    """The slices of one stripe one after the other, of which ``slack_cycles`` and ``double`` hide copies of weights."""
    run = visible = read_elements = weight_bytes = fetches = cycles = 0
    for number, (start, end) in enumerate(pairwise(slices)):
        part = stripe._replace(c_out=float(end - start))
        cycles = int(engine(op._replace(work=part), number == 0, end == slices[-1]).cycles)
        read_elements += int(read_elements_of(op.model, part, op.p))
        if op.weighted:
            size, again = encode(op, end - start).bytes, int(blocks_across(part, op.p))
            weight_bytes, fetches = weight_bytes + size * again, fetches + again
            if op.p.buffered > 0.0:
                visible += max(int(copied_cycles(op.p, op.roof, size)) - slack_cycles, 0)
        run += cycles
        slack_cycles = cycles if double else 0
    return _Sliced(run, visible, cycles, read_elements, weight_bytes, fetches)


def _stripe(work: Work, rows: int) -> Work:
    """The work on ``rows`` of the output, with the part of the input that they need."""
    h_in = min((rows - 1) * work.stride_h + (work.kernel_h - 1) * work.dilation_h + 1, work.h_in)
    w_in = min((work.w_out - 1) * work.stride_w + (work.kernel_w - 1) * work.dilation_w + 1, work.w_in)
    return work._replace(h_in=h_in, w_in=w_in, h_out=float(rows))


def read_elements_of(model: str, work: Work, p: EthosU) -> float:
    """Elements that a kernel of a model reads of its first input."""
    if model in ("ethos_u_elementwise", "ethos_u_transpose"):
        return work.n * stored_elements(input_map(work, p))
    return window_elements(work, p)


def weight_cycles(op: Operator, size: float, fast: bool) -> int:
    """Cycles to read ``size`` bytes of weights from the fast memory or the other one."""
    return _read_cycles(op, size, fast, op.p.weight_words)


def input_cycles(op: Operator, size: float, fast: bool) -> int:
    """Cycles to read ``size`` bytes of a window's input from the fast memory or the other one."""
    return _read_cycles(op, size, fast, input_words(op.p))


def _read_cycles(op: Operator, size: float, fast: bool, words: float) -> int:
    latency = op.p.fast_read_cycles if fast else op.p.slow_read_cycles
    return int(size / read_rate(op.p, op.roof, float(fast), words) + latency)
