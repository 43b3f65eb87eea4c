"""Sizes of weights and scales as an Ethos-U stores them.

Weights are compressed, and how far depends on their values: a platform file says what one comes to. Zeros that fill
the engine's blocks of channels and taps are stored as runs.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from hwmodels.ethos_u_models import EthosU

from ..cost import Work
from ..cost.ethos_u import BIAS_BYTES
from .blocks import up

ALIGNMENT = 16


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
    taps, depth = work.kernel_h * work.kernel_w, work.c_in if p.mixes > 0.0 else 1.0
    padded_taps, padded_depth = taps, depth
    if p.kernel_first > 0.0 or p.mixes == 0.0:
        padded_taps = up(int(taps), 4)
    if p.mixes > 0.0:
        padded_depth = up(int(depth), 8 if p.kernel_first > 0.0 else 32)
    stored = taps * depth * c_out
    zeros = padded_taps * padded_depth * c_out - stored
    size = stored * p.weight_ratio + zeros * p.zero_ratio + p.weight_header_bytes
    return Encoded(up(ceil(size), ALIGNMENT), up(ceil(BIAS_BYTES * c_out), ALIGNMENT))
