"""How an Ethos-U reaches its memories, in bytes and cycles: bursts, outstanding requests, shared rates.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85_performance.cpp: EstimateMemoryTransfer,
ChannelBW, MemToMemCycles and MeasureAccessCycles, and their namesakes for the U55, which has no limit by channel.
"""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Roof, Work, ceil, floor

from .kernel_parameters import EthosU

BRICK = 16.0
"""Channels of one brick."""
WORD_BYTES = 16.0
MOST_WRITTEN_BYTES = 64.0
"""Longest piece of a channels-last map that is written at one time."""
SUSTAINED = 0.8
"""Share of its outstanding requests, and of a rate bound by latency, that Vela takes a channel to keep up."""


class Map(NamedTuple):
    """A feature map, or a block of one: elements along each axis, whether it is in the fast memory, and in bricks."""

    h: float
    w: float
    c: float
    fast: float
    bricks: float


class Moved(NamedTuple):
    """Bytes that one kernel moves to and from one memory, by channel."""

    read: float
    """Inputs of products and windows."""
    streamed: float
    """Inputs of element-wise operators."""
    written: float
    copied_in: float
    """Weights on their way from the slow memory."""
    copied_out: float
    weights: float
    scales: float


def input_map(work: Work, p: EthosU) -> Map:
    """The first input."""
    return Map(work.h_in, work.w_in, work.c_in, p.input_fast, p.input_bricks)


def second_map(p: EthosU) -> Map:
    """The second input of an element-wise operator; without channels where there is none."""
    return Map(p.second_h, p.second_w, p.second_c, p.second_fast, p.second_bricks)


def output_map(work: Work, p: EthosU) -> Map:
    """The output."""
    return Map(work.h_out, work.w_out, work.c_out, p.output_fast, p.output_bricks)


def stored_elements(m: Map) -> float:
    """Elements of a feature map, channels padded to whole bricks where it is stored in them."""
    return m.h * m.w * (ceil(m.c / BRICK) * BRICK if m.bricks > 0.0 else m.c)


def transferred_bytes(p: EthosU, element_bytes: float, m: Map, block: Map, read: float, elements: float) -> float:
    """Bytes that moving ``elements`` of a feature map costs, blocks of it at a time, with bursts only partly used.

    Bricks are read along the width of a block; where a row has as many bytes as the block has channels, the block is
    one piece. Channels-last maps come in pieces of the block's depth, and are written by at most 16 channels a core.
    """
    row_bytes = (m.w * BRICK if m.bricks > 0.0 else m.c) * element_bytes
    cores = p.cores if read == 0.0 else 1.0
    if row_bytes == block.c and (m.bricks > 0.0 or read > 0.0 or block.c <= BRICK):
        burst = block.w * block.c
    elif m.bricks > 0.0:
        burst = BRICK * block.w * cores
    else:
        burst = block.c if read > 0.0 else min(MOST_WRITTEN_BYTES / element_bytes, BRICK * cores, block.c)
    most = p.fast_burst_bytes if m.fast > 0.0 else p.slow_burst_bytes
    return floor(elements * element_bytes * most / min(most, burst * element_bytes))


def block_cycles(p: EthosU, roof: Roof, m: Map, block: Map, read: float) -> float:
    """Latency of a memory and the bytes of one block, cut to the map, at its rate."""
    return move_cycles(p, roof, m, block, read, min(m.h, block.h) * min(m.w, block.w) * min(m.c, block.c))


def move_cycles(p: EthosU, roof: Roof, m: Map, block: Map, read: float, elements: float) -> float:
    """Latency of a memory and the bytes of so many elements, moved block by block, at its rate."""
    if read > 0.0:
        latency = p.fast_read_cycles if m.fast > 0.0 else p.slow_read_cycles
    else:
        latency = p.fast_write_cycles if m.fast > 0.0 else p.slow_write_cycles
    return latency + floor(transferred_bytes(p, roof.element_bytes, m, block, read, elements) / rate(roof, m.fast))


def rate(roof: Roof, fast: float) -> float:
    """Bytes per cycle of a memory."""
    return (roof.bytes_per_s if fast > 0.0 else roof.weight_bytes_per_s) / roof.clock_hz


def read_rate(p: EthosU, roof: Roof, fast: float, words: float) -> float:
    """Bytes per cycle of a channel that has ``words`` of 16 bytes under way, against the memory's latency."""
    if words == 0.0:
        return rate(roof, fast)
    burst_bytes = p.fast_burst_bytes if fast > 0.0 else p.slow_burst_bytes
    latency = p.fast_read_cycles if fast > 0.0 else p.slow_read_cycles
    requests = p.fast_requests if fast > 0.0 else p.slow_reads
    under_way = min(words * WORD_BYTES / burst_bytes, requests * SUSTAINED)
    return min(rate(roof, fast), burst_bytes * under_way / latency * SUSTAINED)


def input_words(p: EthosU) -> float:
    """Words that the channel for inputs of products and windows has under way."""
    return p.input_words if p.input_words > 0.0 else p.weight_words


def write_rate(p: EthosU, roof: Roof, fast: float) -> float:
    """Bytes per cycle of the write channel."""
    if p.copy_words == 0.0:
        return rate(roof, fast)
    burst_bytes = p.fast_burst_bytes if fast > 0.0 else p.slow_burst_bytes
    latency = p.fast_write_cycles if fast > 0.0 else p.slow_write_cycles
    requests = p.fast_requests if fast > 0.0 else p.slow_writes
    return min(rate(roof, fast), burst_bytes * requests * SUSTAINED / latency * SUSTAINED)


def copied_cycles(p: EthosU, roof: Roof, size: float) -> float:
    """Cycles to copy ``size`` bytes from the slow memory to the fast one."""
    read = floor(size / read_rate(p, roof, 0.0, p.copy_words)) + p.slow_read_cycles
    # Vela charges the U55's copies with the write latency of the memory that is read.
    latency = p.slow_write_cycles if p.generation == 55.0 else p.fast_write_cycles
    return max(read, floor(size / write_rate(p, roof, 1.0)) + latency)


def busy_cycles(p: EthosU, roof: Roof, fast: float, moved: Moved) -> float:
    """Cycles that a memory is busy with one kernel: all bytes at its own rate, or the bytes of its busiest channel."""
    total = moved.read + moved.streamed + moved.written + moved.copied_in + moved.copied_out
    total += moved.weights + moved.scales
    writes = write_rate(p, roof, fast)
    channels = max(
        floor(moved.read / read_rate(p, roof, fast, input_words(p))),
        floor(moved.streamed / read_rate(p, roof, fast, p.copy_words)),
        floor(moved.copied_out / read_rate(p, roof, fast, p.copy_words)),
        floor(moved.written / writes) + floor(moved.copied_in / writes),
        floor(moved.weights / read_rate(p, roof, fast, p.weight_words)),
        floor(moved.scales / read_rate(p, roof, fast, p.scale_words)),
    )
    return max(floor(total / rate(roof, fast)), channels)
