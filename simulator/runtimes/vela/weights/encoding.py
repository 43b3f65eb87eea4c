"""Sizes of weights and scales as an Ethos-U stores them: weights fill the engine's blocks with zeros, and are coded.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85_weight_encoder.cpp, its namesake for the U55
and the sizes that Vela reports.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from stairline.hwmodels.kernels.ethos_u.engine import BIAS_BYTES
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.simulator.runtimes.vela.blocks.query import round_up
from stairline.simulator.runtimes.vela.network.operator import Operator

from .codes import Codes, coded_bits, distinct

ALIGNMENT = 16
SCALE_GRANULE = 16
"""Channels whose scales the U85 keeps together."""
FAST_HEADER_BYTES = 32
CHUNK = 128 * 1024
"""Number of first weights by which the encoder decides how it codes all of them."""


class Encoded(NamedTuple):
    """Encoded size of a layer's parameters: bytes of the weights, and of the scales with the biases."""

    weights: int
    scales: int

    @property
    def bytes(self) -> int:
        """Bytes of weights, scales and biases together, which are copied as one."""
        return self.weights + self.scales


class _Block(NamedTuple):
    """Taps and input channels of a layer's weights, filled up with zeros as they are stored; and its parameters."""

    p: EthosU
    taps: int
    depth: int
    taps_filled: int
    depth_filled: int

    def channels_filled(self, channels: int) -> int:
        """Output channels rounded up to those that the engine works on at one time."""
        return round_up(channels, int(self.p.unit_c))

    def filled(self, channels: int) -> int:
        """Weights of so many output channels, with the zeros."""
        return self.taps_filled * self.depth_filled * self.channels_filled(channels)


def encode(op: Operator, c_out: float) -> Encoded:
    """Encoded size of ``c_out`` output channels of a convolution, product or depthwise convolution."""
    p, work, channels = op.p, op.work, int(c_out)
    taps, depth = int(work.kernel_h * work.kernel_w), int(work.c_in) if p.mixes > 0.0 else 1
    element_bytes = int(op.roof.element_bytes)
    block = _Block(p, taps, depth, _filled_taps(taps, p, element_bytes), _filled_depth(depth, p, element_bytes))
    if p.generation == 55.0:
        # Each core has its own channels, with their scales.
        streams = min(channels, int(p.weight_streams))
        each = ceil(channels / streams)
        weights = _coded_bytes(op.codes, block, each, 1)
        return Encoded(streams * weights, streams * round_up(ceil(BIAS_BYTES * each), ALIGNMENT))
    size = _coded_bytes(op.codes, block, channels, int(p.weight_streams))
    if p.mixes > 0.0:
        fast = FAST_HEADER_BYTES + block.filled(channels) / _fast_share(op.codes)
        size = min(size, round_up(ceil(fast), ALIGNMENT))
    scaled = round_up(channels, max(SCALE_GRANULE, int(p.unit_c)))
    return Encoded(size, round_up(ceil(BIAS_BYTES * scaled), ALIGNMENT))


def _coded_bytes(codes: Codes, block: _Block, channels: int, streams: int) -> int:
    """Bytes of the weights of so many output channels, in streams that have equal shares of each channel unit."""
    stored, filled = block.taps * block.depth * channels, block.filled(channels)
    early = _early_zeros(block, channels, streams)
    bits = coded_bits(codes, stored // streams, (filled - stored) // streams, early)
    return streams * round_up(ceil(bits / 8.0), ALIGNMENT)


def _early_zeros(block: _Block, channels: int, streams: int) -> float:
    """Zeros that fill the blocks of the first weights of a stream, divided by the number of these weights."""
    most, p = CHUNK * streams, block.p
    first = channels if block.filled(channels) <= most else min(channels, int(p.block_c))
    rows = block.channels_filled(first)
    filled = block.taps_filled / block.taps * rows / first
    if block.taps_filled * (block.depth_filled - p.input_block_c) * rows <= most:
        # Otherwise the first weights end before the last block of input channels, the only one that is filled.
        filled *= block.depth_filled / block.depth
    return filled - 1.0


def _fast_share(codes: Codes) -> int:
    """Weights to a byte in the U85's fast format, which has a palette where few different values occur."""
    values = distinct(codes)
    return 4 if values <= 4 else 2 if values <= 16 else 1


def _filled_taps(taps: int, p: EthosU, element_bytes: int) -> int:
    """Taps of a kernel rounded up to those that the engine works on at one time."""
    if p.mixes > 0.0 and p.kernel_first == 0.0:
        return taps
    if p.mixes == 0.0:
        return round_up(taps, 4) if p.generation == 55.0 else -(-taps // 10) * (10 + int(p.empty_taps))
    return round_up(taps, 4 // element_bytes if p.generation == 55.0 else 5 * element_bytes)


def _filled_depth(depth: int, p: EthosU, element_bytes: int) -> int:
    """Input channels rounded up to those that the engine works on at one time."""
    if p.mixes == 0.0:
        return depth
    if p.kernel_first > 0.0:
        return round_up(depth, 8 if p.generation == 55.0 else 16 // element_bytes)
    return round_up(depth, 32 // element_bytes if p.generation == 55.0 else int(p.input_block_c))
