"""Sizes of weights and scales as an Ethos-U stores them: weights fill the engine's blocks with zeros, and are coded.

Source: Vela 5.2 (Arm, Apache-2.0), regor/architecture/ethosu85/ethos_u85_weight_encoder.cpp, its namesake for the U55
and the sizes that Vela reports.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from stairline.hwmodels.kernels.base import Work
from stairline.hwmodels.kernels.ethos_u.engine import BIAS_BYTES
from stairline.hwmodels.kernels.ethos_u.kernel_parameters import EthosU
from stairline.simulator.runtimes.vela.blocks.query import round_up

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


def encode(work: Work, p: EthosU, codes: Codes, c_out: float) -> Encoded:
    """Encoded size of ``c_out`` output channels of a convolution, product or depthwise convolution."""
    taps, depth, channels = int(work.kernel_h * work.kernel_w), int(work.c_in) if p.mixes > 0.0 else 1, int(c_out)
    stored = taps * depth * channels
    taps_filled, depth_filled = _filled_taps(taps, p), _filled_depth(depth, p)
    zeros = taps_filled * depth_filled * round_up(channels, int(p.unit_c)) - stored
    size = coded_bits(codes, stored, zeros, _early_zeros(p, taps, depth, channels)) / 8.0
    if p.generation == 85.0 and p.mixes > 0.0:
        size = min(size, FAST_HEADER_BYTES + (stored + zeros) / _fast_share(codes))
    scaled = c_out if p.generation == 55.0 else round_up(channels, SCALE_GRANULE)
    return Encoded(round_up(ceil(size), ALIGNMENT), round_up(ceil(BIAS_BYTES * scaled), ALIGNMENT))


def _early_zeros(p: EthosU, taps: int, depth: int, channels: int) -> float:
    """Zeros that fill the blocks of the first weights, divided by the number of these weights."""
    block, taps_filled, depth_filled = min(channels, int(p.block_c)), _filled_taps(taps, p), _filled_depth(depth, p)
    if taps_filled * depth_filled * round_up(channels, int(p.unit_c)) <= CHUNK:
        block = channels
    rows = round_up(block, int(p.unit_c))
    filled = taps_filled / taps * rows / block
    if taps_filled * (depth_filled - p.input_block_c) * rows <= CHUNK:
        # Otherwise the first weights end before the last block of input channels, the only one that is filled.
        filled *= depth_filled / depth
    return filled - 1.0


def _fast_share(codes: Codes) -> int:
    """Weights to a byte in the U85's fast format, which has a palette where few different values occur."""
    values = distinct(codes)
    return 4 if values <= 4 else 2 if values <= 16 else 1


def _filled_taps(taps: int, p: EthosU) -> int:
    """Taps of a kernel rounded up to those that the engine works on at one time."""
    if p.mixes > 0.0 and p.kernel_first == 0.0:
        return taps
    if p.generation == 55.0:
        return round_up(taps, 4)
    return round_up(taps, 5 if p.mixes > 0.0 else 10)


def _filled_depth(depth: int, p: EthosU) -> int:
    """Input channels rounded up to those that the engine works on at one time."""
    if p.mixes == 0.0:
        return depth
    if p.kernel_first > 0.0:
        return round_up(depth, 8 if p.generation == 55.0 else 16)
    return round_up(depth, 32 if p.generation == 55.0 else int(p.input_block_c))
