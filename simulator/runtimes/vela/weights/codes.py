"""How many bits the weights of an Ethos-U take when they are encoded, from how often each value occurs.

Weights are coded as a quotient in unary and a remainder, those that are common through a palette of 32, and zeros as
runs where they are far more common than any other value.

Source: ethos-u-vela 5.2 (Arm, Apache-2.0), the encoder of regor's mlw_codec: update_palette, create_palette,
search_grc_params and encode_slice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

ZERO_THRESHOLD = 5
"""Zeros are coded as runs where they are this many times as common as the most common other value."""
UNIFORM = bytes(value for value in range(256) if value != 128)
"""Weights of which every value but -128 occurs once."""
PALETTE = 32
DIVISORS, RUN_DIVISORS = 6, 4
LARGEST_QUOTIENT, LARGEST_TRUNCATED = 31, 2
HEADER_BITS = 52
"""Bits that every slice takes besides weights: its palette's description, the end of its stream, an unfilled chunk."""
UNCODABLE_BITS = 1000.0
LATE_ZERO_BITS = 1.0 + (40.0 + 2.0 * 23.0) / 56.0
"""Bits of a zero in a long row of zeros that are coded as weights.

Of 56 in a row each takes one bit; to them come 40 bits before the encoder notices its loss, and two headers of 23.
"""


class Codes(NamedTuple):
    """The values of a layer's weights, from which their encoded size follows."""

    sample: bytes
    """Signed 8-bit weights; empty where they are unknown, and then taken to be uniform."""
    ratio: float = 1.0
    """Encoded size of unknown weights divided by that of uniform ones."""

    def filled(self, times: float) -> Codes:
        """The codes of ``times`` as many weights, of which the further ones are zeros."""
        sample = self.sample or UNIFORM
        return self._replace(sample=sample + bytes(round((times - 1.0) * len(sample))))


def coded_bits(codes: Codes, stored: int, zeros: int, early: float) -> float:
    """Size in bits of ``stored`` weights and of the ``zeros`` with which they are filled up to whole blocks.

    ``early`` is the number of filling zeros among the first weights divided by the number of these weights, by which
    the encoder decides how it codes zeros.
    """
    values = _values(codes.sample)
    shared, ratio = values.zero + early, 1.0 if codes.sample else codes.ratio
    runs = shared > ZERO_THRESHOLD * values.common and early + values.zero_in_runs >= shared / 2.0
    if not runs:
        plain = _plain_bits(codes.sample, round(early, 3))
        late = zeros - early * stored
        return HEADER_BITS + plain.palette + plain.each * stored * ratio + LATE_ZERO_BITS * late
    nonzero, empty = stored * (1.0 - values.zero), zeros + stored * values.zero
    lengths = min(nonzero * (1 + d) + empty / (1 << d) for d in range(RUN_DIVISORS))
    found = _run_bits(codes.sample)
    return HEADER_BITS + found.palette + found.each * stored * ratio + lengths


def distinct(codes: Codes) -> int:
    """Number of different values among the weights."""
    return int((_values(codes.sample).shares > 0.0).sum())


class _Bits(NamedTuple):
    """Size in bits of the palette, and of each stored weight."""

    palette: float
    each: float


class _Values(NamedTuple):
    """Shares of the values from -128 to 127, of zero, of zeros beside another zero, and of the most common other."""

    shares: Any
    zero: float
    zero_in_runs: float
    common: float


@lru_cache(maxsize=1 << 10)
def _values(sample: bytes) -> _Values:
    import numpy as np

    counts = np.bincount(np.frombuffer(sample, np.int8).astype(np.int64) + 128, minlength=256).astype(float)
    if not sample:
        counts[1:] = 1.0
    shares = counts / counts.sum()
    zero = float(shares[128])
    return _Values(shares, zero, zero * (1.0 - (1.0 - zero) ** 2), float(np.delete(shares, 128).max()))


@lru_cache(maxsize=1 << 12)
def _plain_bits(sample: bytes, zeros: float) -> _Bits:
    """Size of weights among which ``zeros`` filling zeros for each stored weight are coded as weights too."""
    shares = _values(sample).shares.copy()
    shares[128] += zeros
    return _best_bits(shares)


@lru_cache(maxsize=1 << 10)
def _run_bits(sample: bytes) -> _Bits:
    """Size of weights whose zeros are coded as runs: the bits of all others, divided by the number of all weights."""
    shares = _values(sample).shares.copy()
    shares[128] = 0.0
    return _best_bits(shares)


def _best_bits(shares: Any) -> _Bits:
    """Size of values that occur with these ``shares``, under the encoder's best parameters."""
    import numpy as np

    values = np.arange(-128, 128)
    order = np.abs(values) * 2 + (values < 0)
    used = shares > 0.0
    if not used.any():
        return _Bits(0.0, 0.0)
    common = np.argsort(-shares, kind="stable")[: min(PALETTE, int(used.sum()))]
    complete = int(used.sum()) <= PALETTE
    palette = complete or shares[common].sum() >= shares.sum() / 2.0
    size = max(len(common), 2) if palette else 0
    index = order + size - min(int(order[used].min()), 31)
    if palette:
        index[common] = np.arange(len(common))
    bits = [
        float((shares * _code_bits(index, truncated, d)).sum()) for truncated in (False, True) for d in range(DIVISORS)
    ]
    if complete:
        bits.append(float(shares.sum()) * (size - 1).bit_length())
    elif not palette:
        bits.append(float(shares.sum()) * int(order[used].max()).bit_length())
    widest = int(order[common].max()).bit_length() if palette else 0
    return _Bits(float(size * max(widest, 2)), min(bits))


def _code_bits(index: Any, truncated: bool, divisor: int) -> Any:
    """Bits of each value's code: the quotient of its ``index`` in unary, cut at two if truncated, and the remainder."""
    import numpy as np

    quotient = index >> divisor
    unary = np.minimum(quotient + 1, 2) if truncated else quotient + 1
    most = LARGEST_TRUNCATED if truncated else LARGEST_QUOTIENT
    return np.where(quotient > most, UNCODABLE_BITS, unary + divisor)
