"""Sizes of weights and scales as an Ethos-U stores them.

Weights fill the engine's blocks of channels and taps with zeros, and are compressed: all alike, or with the zeros as
runs, which takes another bit of every weight. Which is shorter, and how far weights compress, depends on their values:
a platform file says what they come to.

Source: sizes that Vela 5.2 reports; the two modes are those of ethosu/mlw_codec.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from hwmodels.ethos_u_models import EthosU

from ..cost import Work
from ..cost.ethos_u_engine import BIAS_BYTES
from .blocks import up

ALIGNMENT = 16
SCALE_GRANULE = 16
"""Channels whose scales the U85 keeps together."""
RUN_BYTES = 1.0 / 8.0
"""What runs of zeros add to every weight."""


class Encoded(NamedTuple):
    """Bytes of weights and of scales and biases."""

    weights: int
    scales: int

    @property
    def bytes(self) -> int:
        """Both together, as they are copied."""
        return self.weights + self.scales


def encode(work: Work, p: EthosU, c_out: float) -> Encoded:
    """The weights and scales of ``c_out`` output channels of a convolution, product or depthwise convolution."""
    taps, depth = int(work.kernel_h * work.kernel_w), int(work.c_in) if p.mixes > 0.0 else 1
    stored = taps * depth * c_out
    filled = _filled_taps(taps, p) * _filled_depth(depth, p) * up(int(c_out), int(p.unit_c))
    plain = filled * p.weight_ratio
    runs = stored * (p.weight_ratio + RUN_BYTES) + (filled - stored) * p.zero_ratio
    size = min(plain, runs) + p.weight_header_bytes
    channels = c_out if p.generation == 55.0 else up(int(c_out), SCALE_GRANULE)
    return Encoded(up(ceil(size), ALIGNMENT), up(ceil(BIAS_BYTES * channels), ALIGNMENT))


def _filled_taps(taps: int, p: EthosU) -> int:
    if p.mixes > 0.0 and p.kernel_first == 0.0:
        return taps
    if p.generation == 55.0:
        return up(taps, 4)
    return up(taps, 5 if p.mixes > 0.0 else 10)


def _filled_depth(depth: int, p: EthosU) -> int:
    if p.mixes == 0.0:
        return depth
    if p.kernel_first > 0.0:
        return up(depth, 8 if p.generation == 55.0 else 16)
    return up(depth, 32 if p.generation == 55.0 else int(p.input_block_c))
