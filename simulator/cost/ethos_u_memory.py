"""How an Ethos-U reaches its memories, in bytes and cycles: bursts, outstanding requests, shared rates.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture: EstimateMemoryTransfer, ChannelBW and MeasureAccessCycles of
ethos_u85_performance.cpp, and their namesakes for the U55, which have no limit by channel.
"""

from __future__ import annotations

from typing import NamedTuple

from hwmodels.ethos_u_models import EthosU
from hwmodels.platform import Roof

from .roof import ceil, floor

BRICK = 16.0
"""Channels of one brick."""
WORD_BYTES = 16.0
SUSTAINED = 0.8
"""Share of its outstanding requests, and of a rate bound by latency, that Vela takes a channel to keep up."""


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


def stored_elements(h: float, w: float, c: float, bricks: float) -> float:
    """Elements of a feature map, channels padded to whole bricks where it is stored in them."""
    return h * w * (ceil(c / BRICK) * BRICK if bricks > 0.0 else c)


def transferred_bytes(
    read: float, bricks: float, w: float, c: float, block_w: float, block_c: float, burst_bytes: float, size: float
) -> float:
    """Bytes that moving ``size`` bytes of a feature map costs, blocks of it at a time, with bursts only partly used.

    Bricks are read along the width of a block; where a row is just as long as the block is deep, the block is one
    piece. Channels-last maps come in pieces of the block's depth, and are written by at most 16 channels.
    """
    if bricks > 0.0:
        burst = block_w * block_c if w * BRICK == block_c else BRICK * block_w
    elif read > 0.0:
        burst = block_w * block_c if c == block_c else block_c
    else:
        burst = block_w * block_c if block_c <= BRICK and c == block_c else min(BRICK, block_c)
    return floor(size * burst_bytes / min(burst_bytes, burst))


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
    latency = p.slow_write_cycles if p.copy_words == 0.0 else p.fast_write_cycles
    return max(read, floor(size / write_rate(p, roof, 1.0)) + latency)


def busy_cycles(p: EthosU, roof: Roof, fast: float, moved: Moved) -> float:
    """Cycles that a memory is busy with one kernel: all bytes at its own rate, or those of its busiest channel."""
    writes = write_rate(p, roof, fast)
    channels = max(
        floor(moved.read / read_rate(p, roof, fast, p.weight_words)),
        floor(moved.streamed / read_rate(p, roof, fast, p.copy_words)),
        floor(moved.copied_out / read_rate(p, roof, fast, p.copy_words)),
        floor(moved.written / writes) + floor(moved.copied_in / writes),
        floor(moved.weights / read_rate(p, roof, fast, p.weight_words)),
        floor(moved.scales / read_rate(p, roof, fast, p.scale_words)),
    )
    return max(floor(sum_bytes(moved) / rate(roof, fast)), channels)


def both(first: Moved, second: Moved) -> Moved:
    """Two kinds of traffic to one memory together."""
    return Moved(
        first.read + second.read,
        first.streamed + second.streamed,
        first.written + second.written,
        first.copied_in + second.copied_in,
        first.copied_out + second.copied_out,
        first.weights + second.weights,
        first.scales + second.scales,
    )


def sum_bytes(moved: Moved) -> float:
    """All bytes that cross a memory's port."""
    return (
        moved.read
        + moved.streamed
        + moved.written
        + moved.copied_in
        + moved.copied_out
        + moved.weights
        + moved.scales
    )
