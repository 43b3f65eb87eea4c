"""What the structure of an x86 base follows from, on the processor that is at hand: vector pipes and near caches."""

from __future__ import annotations

from stairline.hwmodels import Platform
from stairline.hwmodels.quantities import quantities
from stairline.measure.timing.processor import Processor

_LANES = 16
"""Single-precision numbers in a 512-bit vector."""
_SKYLAKE_SERVER = 85
_TWO_PIPES = frozenset({106, 108, 143, 173, 174, 207})
"""Models of Intel's family 6 whose cores all have two 512-bit pipes for multiply-adds: Xeons of Ice Lake, Sapphire
Rapids, Emerald Rapids and Granite Rapids. Numbers: Linux, arch/x86/include/asm/intel-family.h; pipes: Intel 64 and
IA-32 Architectures Optimization Reference Manual."""
_TWO_PIPES_BY_NAME = ("Platinum", "Gold 6")
"""Xeons of Skylake and Cascade Lake, all of model 85, that have both pipes; most others have one. Source: Intel's
product specifications, "number of AVX-512 FMA units"."""
_ZEN_4, _ZEN_5 = 25, 26
_ZEN_5_WHOLE, _ZEN_5_HALVED = frozenset({0x02, 0x44}), frozenset({0x24})
"""Models of Zen 5 with two 512-bit pipes (Turin, Granite Ridge) and with 256-bit ones (Strix Point); Zen 4 joins its
two of 256 bits to one of 512. Source: AMD, Software Optimization Guides for the Zen 4 and Zen 5 Microarchitectures."""

_NEAR = ("roofs.cache.capacity_bytes", "placement.capacity_bytes")
_PIPES = "roofs.compute.float32.macs_per_cycle"
_FIRST_CACHE = "kernels.dwconv2d.cache_bytes"


def macs_per_cycle(processor: Processor) -> int | None:
    """Single-precision multiply-adds of a core in one cycle with AVX-512; None where that is not known."""
    if "avx512f" not in processor.features:
        return None
    if processor.vendor == "GenuineIntel" and processor.family == 6:
        return _intel(processor)
    if processor.vendor == "AuthenticAMD" and processor.family in (_ZEN_4, _ZEN_5):
        if processor.family == _ZEN_4 or processor.model in _ZEN_5_HALVED:
            return _LANES
        return 2 * _LANES if processor.model in _ZEN_5_WHOLE else None
    return None


def _intel(processor: Processor) -> int | None:
    if processor.model == _SKYLAKE_SERVER:
        return 2 * _LANES if any(name in processor.name for name in _TWO_PIPES_BY_NAME) else None
    return _LANES * (2 if processor.model in _TWO_PIPES else 1)


def structure(base: Platform, processor: Processor, near_bytes: int) -> dict[str, float]:
    """The numbers of ``base``, by dotted key, that are others on this processor.

    ``near_bytes`` is what a core streams through at half of its best rate or more. Only numbers that the base states
    are answered for: a base without a cache is given none.
    """
    known = {key: quantity.value for key, quantity in quantities(base.file)}
    found: dict[str, float | None] = dict.fromkeys(_NEAR, float(near_bytes))
    found |= {_PIPES: macs_per_cycle(processor), _FIRST_CACHE: processor.first_cache_bytes}
    return {key: value for key, value in found.items() if value is not None and known.get(key, value) != value}
