"""The engine of an Ethos-U: multipliers and output unit, block by block.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85_performance.cpp: EstimateMacCyclesPerBlock,
EstimateMacOpCycles, EstimateElementwiseCycles and EstimateAOCyclesPerElement, and their namesakes for the U55.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Roof, Work, ceil, floor

from .kernel_parameters import EthosU
from .memory import Map, block_cycles, input_map, output_map, second_map, stored_elements

SUBKERNEL = 8.0
"""Largest side of a kernel that runs in one piece."""
SPARSE_DEPTH = 2.0
"""Input channels up to which the zeros that fill a block make two weights of every four zero."""
BIAS_BYTES, BIAS_BURST_BYTES = 10.0, 256.0
"""A channel's scale and bias, and how much of them is fetched at one time."""


class Engine(NamedTuple):
    """Cycles of the engine with no regard to copies and memories."""

    cycles: float
    mac_cycles: float
    output_cycles: float
    padded_macs: float


def conv_engine(work: Work, roof: Roof, p: EthosU, first: float, last: float) -> Engine:
    """Four taps of eight channels are multiplied at one time (``kernel_first``), or one tap of many channels.

    ``first`` and ``last`` are 1 for the first and the last slice of an operator's output channels.
    """
    cycles, kernel_w = 0.0, work.kernel_w
    h, w, depth = units(work, p)
    area, input_c = h * w, min(work.c_in, p.input_block_c)
    while kernel_w > 0.0:
        kernel_h = work.kernel_h
        while kernel_h > 0.0:
            taps = min(kernel_h, SUBKERNEL) * min(kernel_w, SUBKERNEL)
            if p.kernel_first > 0.0:
                steps, deep = ceil(taps / 4.0), ceil(input_c / 8.0)
                cycles += (max(4.0 * p.unit_c, 4.0 * area) * steps * depth + delay_cycles(area, depth, steps)) * deep
            else:
                each = floor(input_c / 8.0) if p.generation == 85.0 else 4.0
                cycles += max(4.0 * p.unit_c, each * area) * taps * depth + delay_cycles(area, depth, taps)
            kernel_h -= SUBKERNEL
        kernel_w -= SUBKERNEL
    skipped = 2.0 if p.generation == 85.0 and work.c_in <= SPARSE_DEPTH else 1.0
    return mac_engine(work, roof, p, floor(cycles / skipped) * ceil(work.c_in / input_c), first, last)


def dwconv_engine(work: Work, roof: Roof, p: EthosU, first: float, last: float) -> Engine:
    """Four taps of each channel are multiplied at one time.

    ``first`` and ``last`` are 1 for the first and the last slice of an operator's output channels.
    """
    cycles, kernel_w = 0.0, work.kernel_w
    h, w, depth = units(work, p)
    while kernel_w > 0.0:
        kernel_h = work.kernel_h
        while kernel_h > 0.0:
            steps = ceil(min(kernel_h, SUBKERNEL) * min(kernel_w, SUBKERNEL) / 4.0)
            cycles += max(4.0 * p.unit_c, 4.0 * h * w) * steps * depth + delay_cycles(h * w, depth, steps)
            kernel_h -= SUBKERNEL
        kernel_w -= SUBKERNEL
    return mac_engine(work, roof, p, cycles, first, last)


def pool_engine(work: Work, roof: Roof, p: EthosU) -> Engine:
    """One element of the window at a time.

    The U55-32, alone with units of four channels, takes a quarter as long for each of its units. Source: Vela 5.2's own
    times of poolings on the U55-32 and the U55-64.
    """
    cycles, kernel_w = 0.0, work.kernel_w
    h, w, depth = units(work, p)
    unit_cycles = 1.0 if p.unit_c == 4.0 else 4.0
    while kernel_w > 0.0:
        kernel_h = work.kernel_h
        while kernel_h > 0.0:
            taps = max(4.0, min(kernel_h, SUBKERNEL) * min(kernel_w, SUBKERNEL))
            cycles += taps * h * w * depth * unit_cycles + delay_cycles(h * w, depth, 1.0)
            kernel_h -= SUBKERNEL
        kernel_w -= SUBKERNEL
    return mac_engine(work, roof, p, cycles, 1.0, 1.0)


def elementwise_engine(work: Work, roof: Roof, p: EthosU) -> Engine:
    """All elements of the output, bricks filled, against a quarter of what their blocks and commands take."""
    elements = work.n * stored_elements(output_map(work, p))
    per_element = output_unit_cycles(p)
    output_cycles = ceil(per_element * elements)
    moved = max(input_block_cycles(work, roof, p), output_block_cycles(work, roof, p))
    command_cycles = ceil((moved / (p.block_h * p.block_w * p.block_c) + per_element) / 4.0 * elements)
    return Engine(max(output_cycles, command_cycles), 0.0, output_cycles, 0.0)


def mac_engine(work: Work, roof: Roof, p: EthosU, mac_cycles: float, first: float, last: float) -> Engine:
    """All blocks of an operator that uses the multipliers, from the cycles of one block there.

    Multipliers and output unit work side by side, and neither is quicker than the commands that start them. Only the
    first slice waits for an input block, only the last for its results.
    """
    h, w, c = units(work, p)
    blocks = work.n * ceil(work.h_out / p.unit_h) * ceil(work.w_out / p.unit_w) * ceil(work.c_out / p.unit_c)
    blocks /= h * w * c
    block_c = min(work.c_out, p.block_c)
    output_cycles = ceil(output_unit_cycles(p) * min(work.h_out, p.block_h) * min(work.w_out, p.block_w) * block_c)
    if p.weight_bytes > 0.0:
        latency = p.fast_read_cycles if p.buffered > 0.0 else p.slow_read_cycles
        output_cycles = max(output_cycles, BIAS_BYTES * block_c * latency / BIAS_BURST_BYTES)
    read, written = input_block_cycles(work, roof, p), output_block_cycles(work, roof, p)
    moved = abs(written - read) if blocks > 1.0 else 0.0
    command_cycles = (moved + mac_cycles + output_cycles) / 4.0
    mac, output = max(mac_cycles, command_cycles), max(output_cycles, command_cycles)
    cycles = floor(mac * blocks) + last * output if mac > output else output * blocks + mac
    padded_macs = mac_cycles * blocks * roof.macs_per_s / roof.clock_hz
    return Engine(
        floor(cycles) + first * read + last * written, mac_cycles * blocks, output_cycles * blocks, padded_macs
    )


def units(work: Work, p: EthosU) -> tuple[float, float, float]:
    """Units that a block comes to along height, width and depth, cut to the output."""
    return (
        ceil(min(work.h_out, p.block_h) / p.unit_h),
        ceil(min(work.w_out, p.block_w) / p.unit_w),
        ceil(min(work.c_out, p.block_c) / p.unit_c),
    )


def delay_cycles(area: float, depth: float, steps: float) -> float:
    """Cycles in which a block of a single pixel unit waits for its own sums."""
    if area > 1.0:
        return 0.0
    if depth == 1.0:
        return 2.0 * steps
    return 2.0 * (steps - 1.0) * depth


def output_unit_cycles(p: EthosU) -> float:
    """Cycles per output element: the operator with the activation in its pass, then each chained operator."""
    activation = max(p.clipped * p.activation_cycles, p.table * p.table_cycles)
    return max(p.output_cycles, activation) + p.chained_cycles


def input_block_cycles(work: Work, roof: Roof, p: EthosU) -> float:
    """Cycles to bring in one block of the slower operand."""
    block = Map(p.input_block_h, p.input_block_w, p.input_block_c, 0.0, 0.0)
    first = block_cycles(p, roof, input_map(work, p), block, 1.0)
    return first if p.second_c == 0.0 else max(first, block_cycles(p, roof, second_map(p), block, 1.0))


def output_block_cycles(work: Work, roof: Roof, p: EthosU) -> float:
    """Cycles to write one block."""
    return block_cycles(p, roof, output_map(work, p), Map(p.block_h, p.block_w, p.block_c, 0.0, 0.0), 0.0)
