"""Vela's own estimates while it schedules: one operator in slices of its output channels, stripe after stripe.

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
    pool_engine,
)
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.hwmodels.kernels.ethos_u.memory import copied_cycles, input_map, read_rate, stored_elements
from stairline.hwmodels.kernels.ethos_u.traffic import blocks_across, window_elements
from stairline.simulator.runtimes.vela.network.operator import Operator
from stairline.simulator.runtimes.vela.weights.encoding import encode


class Estimate(NamedTuple):
    """Cycles of one operator, copies of its slices included where they show."""

    run: int
    visible: int
    last_slice: int
    weight_read: int
    input_read: int
    input_read_bytes: int
    input_bytes: int

    @property
    def full_run(self) -> int:
        """Running with what shows of the copies."""
        return self.run + self.visible

    @property
    def engine_bound(self) -> bool:
        """Whether the engine takes longer than reading either weights or input."""
        return self.run > max(self.weight_read, self.input_read)


def engine(op: Operator, first: bool = True, last: bool = True) -> Engine:
    """The engine's cycles of an operator, or of a slice that is not the first or the last."""
    if op.model == "ethos_u_conv":
        return conv_engine(op.work, op.roof, op.p, float(first), float(last))
    if op.model == "ethos_u_dwconv":
        return dwconv_engine(op.work, op.roof, op.p, float(first), float(last))
    if op.model == "ethos_u_pool":
        return pool_engine(op.work, op.roof, op.p)
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
    """``slices`` are the bounds of the output channels; ``rows`` of the output are computed at a time."""
    work, roof = op.work, op.roof
    p = op.p._replace(buffered=float(staged_weights), input_fast=1.0 if staged_input else op.p.input_fast)
    repeats = max(1.0, work.h_out / rows)
    h_in = min((rows - 1) * work.stride_h + (work.kernel_h - 1) * work.dilation_h + 1, work.h_in)
    w_in = min((work.w_out - 1) * work.stride_w + (work.kernel_w - 1) * work.dilation_w + 1, work.w_in)
    run = visible = read_elements = weight_bytes = fetches = cycles = 0
    for number, (start, end) in enumerate(pairwise(slices)):
        part = work._replace(h_in=h_in, w_in=w_in, h_out=float(rows), c_out=float(end - start))
        cycles = int(engine(Operator(op.model, part, roof, p), number == 0, end == slices[-1]).cycles)
        read_elements += int(read_elements_of(op.model, part, p))
        if op.weighted:
            size, again = encode(work, p, op.codes, end - start).bytes, int(blocks_across(part, p))
            weight_bytes, fetches = weight_bytes + size * again, fetches + again
            if staged_weights:
                visible += max(int(copied_cycles(p, roof, size)) - slack_cycles, 0)
        run += cycles
        slack_cycles = cycles if double else 0
    read_bytes = int(read_elements * roof.element_bytes)
    weight_read = read_cycles(op, weight_bytes // fetches, staged_weights) * fetches if fetches else 0
    input_read = read_cycles(op._replace(p=p), read_bytes, p.input_fast > 0.0)
    return Estimate(
        int(repeats * run),
        visible,
        cycles,
        int(repeats * weight_read),
        int(repeats * input_read),
        read_bytes,
        int(h_in * w_in * work.c_in * roof.element_bytes),
    )


def read_elements_of(model: str, work: Work, p: EthosU) -> float:
    """Elements of the first input that a kernel of that model reads."""
    if model == "ethos_u_elementwise":
        return work.n * stored_elements(input_map(work, p))
    return window_elements(work, p)


def read_cycles(op: Operator, size: float, fast: bool) -> int:
    """Cycles to read bytes of weights or of a window's input from a memory."""
    latency = op.p.fast_read_cycles if fast else op.p.slow_read_cycles
    return int(size / read_rate(op.p, op.roof, float(fast), op.p.weight_words) + latency)
