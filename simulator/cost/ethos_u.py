"""Arm's Ethos-U as Vela estimates it: blocks of a feature map through multipliers and output unit, against memories.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture: EstimateMacCyclesPerBlock, EstimateMacOpCycles,
EstimateElementwiseCycles, MeasureElementAccess and MeasureAccessCycles of ethos_u85_performance.cpp, their namesakes
for the U55, and EstimateFullOpPerformance of regor/compiler/network_performance.cpp.
"""

from __future__ import annotations

from typing import NamedTuple

from hwmodels.ethos_u_models import EthosU, EthosUSoftmax
from hwmodels.platform import Roof

from .ethos_u_memory import Moved, both, busy_cycles, stored_elements, transferred_bytes
from .roof import Cost, Work, ceil, floor

SUBKERNEL = 8.0
"""Largest side of a kernel that runs in one piece."""
SPARSE_DEPTH = 2.0
BIAS_BYTES, BIAS_BURST_BYTES = 10.0, 256.0
"""A channel's scale and bias, and how much of them is fetched at one time."""


class Engine(NamedTuple):
    """Cycles of the engine with no regard to copies and memories."""

    cycles: float
    mac_cycles: float
    output_cycles: float
    padded_macs: float


def ethos_u_conv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A convolution, or a matrix product as one of a single tap."""
    return accounted(work, roof, p, conv_engine(work, roof, p, 1.0, 1.0))


def ethos_u_dwconv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A depthwise convolution."""
    return accounted(work, roof, p, dwconv_engine(work, roof, p, 1.0, 1.0))


def ethos_u_pool(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A window of each channel; a copy or an activation by itself is a window of one element."""
    return accounted(work, roof, p, pool_engine(work, roof, p))


def ethos_u_elementwise(work: Work, roof: Roof, p: EthosU) -> Cost:
    """Element by element through the output unit, commands and blocks of operands behind it."""
    return accounted(work, roof, p, elementwise_engine(work, roof, p))


def ethos_u_softmax(work: Work, roof: Roof, p: EthosUSoftmax) -> Cost:
    """Exponentials, their sum and its reciprocal, and a product, as one."""
    cycles = p.kernel_cycles + p.element_cycles * work.output_elements
    seconds = cycles / roof.clock_hz
    return Cost(0.0, 0.0, 0.0, 0.0, seconds, 0.0, seconds)


def conv_engine(work: Work, roof: Roof, p: EthosU, first: float, last: float) -> Engine:
    """Four taps of eight channels are multiplied at one time (``kernel_first``), or one tap of many channels."""
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
    # Zeros that fill a block make two weights of four zero, which the U85 skips.
    sparse = 2.0 if p.generation == 85.0 and work.c_in <= SPARSE_DEPTH else 1.0
    return mac_engine(work, roof, p, floor(cycles / sparse) * ceil(work.c_in / input_c), first, last)


def dwconv_engine(work: Work, roof: Roof, p: EthosU, first: float, last: float) -> Engine:
    """Four taps of each channel are multiplied at one time."""
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
    """One element of the window at a time."""
    cycles, kernel_w = 0.0, work.kernel_w
    h, w, depth = units(work, p)
    while kernel_w > 0.0:
        kernel_h = work.kernel_h
        while kernel_h > 0.0:
            taps = max(4.0, min(kernel_h, SUBKERNEL) * min(kernel_w, SUBKERNEL))
            cycles += taps * h * w * depth * 4.0 + delay_cycles(h * w, depth, 1.0)
            kernel_h -= SUBKERNEL
        kernel_w -= SUBKERNEL
    return mac_engine(work, roof, p, cycles, 1.0, 1.0)


def elementwise_engine(work: Work, roof: Roof, p: EthosU) -> Engine:
    """All elements of the output, bricks filled, against a quarter of what their blocks and commands take."""
    elements = work.n * stored_elements(work.h_out, work.w_out, work.c_out, p.output_bricks)
    per_element = output_unit_cycles(p)
    output_cycles = ceil(per_element * elements)
    read, written = input_block_cycles(work, roof, p), output_block_cycles(work, roof, p)
    command_cycles = ceil((max(read, written) / (p.block_h * p.block_w * p.block_c) + per_element) / 4.0 * elements)
    return Engine(max(output_cycles, command_cycles), 0.0, output_cycles, 0.0)


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


def mac_engine(work: Work, roof: Roof, p: EthosU, mac_cycles: float, first: float, last: float) -> Engine:
    """All blocks of an operator that uses the multipliers, from the cycles of one block there.

    Multipliers and output unit work side by side, and neither is quicker than the commands that start them. Only the
    ``first`` slice of an operator waits for an input block, only the ``last`` for its results.
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
    # Every unit of a block runs in full: 8 channels of one tap for each of its outputs and cycles.
    padded_macs = mac_cycles * blocks * p.unit_h * p.unit_w * p.unit_c * 8.0 / 4.0
    return Engine(
        floor(cycles) + first * read + last * written, mac_cycles * blocks, output_cycles * blocks, padded_macs
    )


def output_unit_cycles(p: EthosU) -> float:
    """Cycles per output element: the operator with the activation in its pass, then each operator chained behind."""
    activation = max(p.clipped * p.activation_cycles, p.table * p.table_cycles)
    return max(p.output_cycles, activation) + p.chained_cycles


def input_block_cycles(work: Work, roof: Roof, p: EthosU) -> float:
    """Cycles to bring in one block of the slower operand."""
    first = block_cycles(
        roof, p, 1.0, p.input_fast, p.input_bricks, work.h_in, work.w_in, work.c_in,
        p.input_block_h, p.input_block_w, p.input_block_c,
    )
    if p.second_c == 0.0:
        return first
    return max(first, block_cycles(
        roof, p, 1.0, p.second_fast, p.second_bricks, p.second_h, p.second_w, p.second_c,
        p.input_block_h, p.input_block_w, p.input_block_c,
    ))


def output_block_cycles(work: Work, roof: Roof, p: EthosU) -> float:
    """Cycles to write one block."""
    return block_cycles(
        roof, p, 0.0, p.output_fast, p.output_bricks, work.h_out, work.w_out, work.c_out,
        p.block_h, p.block_w, p.block_c,
    )


def block_cycles(roof: Roof, p: EthosU, read: float, fast: float, bricks: float, h: float, w: float, c: float,
                 block_h: float, block_w: float, block_c: float) -> float:
    """Latency of a memory and one block's bytes at its rate."""
    size = min(h, block_h) * min(w, block_w) * min(c, block_c) * roof.element_bytes
    burst_bytes = p.fast_burst_bytes if fast > 0.0 else p.slow_burst_bytes
    moved = transferred_bytes(read, bricks, w, c, block_w, block_c, burst_bytes, size)
    fast_latency = p.fast_read_cycles if read > 0.0 else p.fast_write_cycles
    slow_latency = p.slow_read_cycles if read > 0.0 else p.slow_write_cycles
    if fast > 0.0:
        return fast_latency + floor(moved * roof.clock_hz / roof.bytes_per_s)
    return slow_latency + floor(moved * roof.clock_hz / roof.weight_bytes_per_s)


def accounted(work: Work, roof: Roof, p: EthosU, engine: Engine) -> Cost:
    """The engine, with the copies it waits for, against what the kernel moves: the longest of them holds it up."""
    fast_maps, slow_maps = maps_moved(work, roof, p, 1.0), maps_moved(work, roof, p, 0.0)
    fast_weights, slow_weights = weights_moved(work, p, 1.0), weights_moved(work, p, 0.0)
    memory = max(busy_cycles(p, roof, 1.0, fast_maps), busy_cycles(p, roof, 0.0, slow_maps))
    weights = max(busy_cycles(p, roof, 1.0, fast_weights), busy_cycles(p, roof, 0.0, slow_weights))
    busy = max(p.copy_cycles, engine.cycles + p.copy_visible_cycles)
    held_up = max(
        busy_cycles(p, roof, 1.0, both(fast_maps, fast_weights)),
        busy_cycles(p, roof, 0.0, both(slow_maps, slow_weights)),
    )
    tick_s = 1.0 / roof.clock_hz
    return Cost(
        engine.padded_macs,
        engine.mac_cycles * tick_s,
        memory * tick_s,
        weights * tick_s,
        engine.output_cycles * tick_s,
        (busy - engine.cycles) * tick_s,
        max(busy, held_up) * tick_s,
    )


def maps_moved(work: Work, roof: Roof, p: EthosU, fast: float) -> Moved:
    """Feature maps that a kernel reads from and writes to the memory, blocks that overlap read again."""
    burst_bytes = p.fast_burst_bytes if fast > 0.0 else p.slow_burst_bytes
    read = 0.0
    streamed = p.beside_fast_read_bytes if fast > 0.0 else p.beside_slow_read_bytes
    written = p.beside_fast_written_bytes if fast > 0.0 else p.beside_slow_written_bytes
    if p.input_fast == fast:
        elements = input_elements(work, p)
        moved = transferred_bytes(
            1.0, p.input_bricks, work.w_in, work.c_in, p.input_block_w, p.input_block_c, burst_bytes,
            elements * roof.element_bytes,
        )
        read, streamed = (0.0, streamed + moved) if p.unit_h == 0.0 else (moved, streamed)
    if p.second_c > 0.0 and p.second_fast == fast:
        elements = second_elements(work, p)
        streamed += transferred_bytes(
            1.0, p.second_bricks, p.second_w, p.second_c, p.input_block_w, p.input_block_c, burst_bytes,
            elements * roof.element_bytes,
        )
    if p.output_fast == fast and p.output_stored > 0.0:
        elements = work.n * stored_elements(work.h_out, work.w_out, work.c_out, p.output_bricks)
        written = transferred_bytes(
            0.0, p.output_bricks, work.w_out, work.c_out, p.block_w, p.block_c, burst_bytes,
            elements * roof.element_bytes,
        )
    return Moved(read, streamed, written, 0.0, 0.0, 0.0, 0.0)


def input_elements(work: Work, p: EthosU) -> float:
    """Elements of the first input that are read: once for every block, or once where there is no window."""
    if p.unit_h == 0.0:
        return work.n * stored_elements(work.h_in, work.w_in, work.c_in, p.input_bricks)
    pieces = ceil(work.kernel_h / SUBKERNEL) * ceil(work.kernel_w / SUBKERNEL)
    blocks = blocks_across(work, p) * (ceil(work.c_out / min(work.c_out, p.block_c)) if p.mixes > 0.0 else 1.0)
    h, w = min(work.h_in, p.input_block_h), min(work.w_in, p.input_block_w)
    return work.n * stored_elements(h, w, work.c_in, p.input_bricks) * pieces * blocks


def second_elements(work: Work, p: EthosU) -> float:
    """Elements of the second input, of which a single one is part of the command.

    The U55 is charged for the whole output however often they repeat.
    """
    if p.second_h * p.second_w * p.second_c == 1.0:
        return 0.0
    if p.generation == 55.0:
        return work.n * stored_elements(work.h_out, work.w_out, work.c_out, p.input_bricks)
    return stored_elements(p.second_h, p.second_w, p.second_c, p.second_bricks)


def blocks_across(work: Work, p: EthosU) -> float:
    """Blocks along height and width, which are as many readings of all weights."""
    return ceil(work.h_out / min(work.h_out, p.block_h)) * ceil(work.w_out / min(work.w_out, p.block_w))


def weights_moved(work: Work, p: EthosU, fast: float) -> Moved:
    """Weights and scales, read once for every block across; copied beforehand where they are buffered."""
    if p.weight_bytes == 0.0:
        return Moved(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    readings = work.n * blocks_across(work, p)
    copied = max(p.weight_bytes - p.buffered_early_bytes, 0.0) if p.buffered > 0.0 else 0.0
    weights = readings * p.weight_bytes if p.buffered == fast else 0.0
    if fast > 0.0:
        return Moved(0.0, 0.0, 0.0, copied, 0.0, weights, 0.0)
    return Moved(0.0, 0.0, 0.0, 0.0, copied, weights, readings * p.scale_bytes)
