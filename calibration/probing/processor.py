"""What the structure of an x86 base follows from, on the processor that is at hand: vector pipes and near caches."""

from __future__ import annotations

from stairline.hwmodels import Platform
from stairline.hwmodels.quantities import quantities
from stairline.measure.timing.processor import Processor

_LANES = 16
"""Single-precision numbers in a 512-bit vector."""
_INTEL_TWO_PIPES = frozenset({85, 106, 108, 143, 173, 174, 207})
"""Models of family 6 with two 512-bit pipes for multiply-adds: Xeon Scalable of all generations, Skylake to Granite
Rapids. Source: Intel 64 and IA-32 Architectures Optimization Reference Manual; client cores have one such pipe."""
_ZEN_4, _ZEN_5 = 25, 26
"""Families of AMD: Zen 4 joins two 256-bit pipes to one of 512, Zen 5 has two of 512 but for mobile parts.
Source: AMD, Software Optimization Guides for the Zen 4 and Zen 5 Microarchitectures."""
_ZEN_5_MOBILE = frozenset({0x20, 0x24, 0x60, 0x68, 0x70})

_NEAR = ("roofs.cache.capacity_bytes", "placement.capacity_bytes")
_PIPES = "roofs.compute.float32.macs_per_cycle"
_FIRST_CACHE = "kernels.dwconv2d.cache_bytes"


def macs_per_cycle(processor: Processor) -> int | None:
    """Single-precision multiply-adds of a core in one cycle with AVX-512; None where that is not known."""
    if "avx512f" not in processor.features:
        return None
    if processor.vendor == "GenuineIntel" and processor.family == 6:
        return _LANES * (2 if processor.model in _INTEL_TWO_PIPES else 1)
    if processor.vendor == "AuthenticAMD" and processor.family == _ZEN_4:
        return _LANES
    if processor.vendor == "AuthenticAMD" and processor.family == _ZEN_5:
        return _LANES * (1 if processor.model in _ZEN_5_MOBILE else 2)
    return None


def structure(base: Platform, processor: Processor, near_bytes: int) -> dict[str, float]:
    """The numbers of ``base``, by dotted key, that are others on this processor.

    ``near_bytes`` is what a core streams through at half of its best rate or more. Only numbers that the base states
    are answered for: a base without a cache is given none.
    """
    known = {key: quantity.value for key, quantity in quantities(base.file)}
    found: dict[str, float | None] = dict.fromkeys(_NEAR, float(near_bytes))
    found |= {_PIPES: macs_per_cycle(processor), _FIRST_CACHE: processor.first_cache_bytes}
    return {key: value for key, value in found.items() if value is not None and known.get(key, value) != value}
