"""Which processor this machine has, and how much memory its core keeps near."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .machine import cpu_information, file_text

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZES_BYTES = tuple(1 << power for power in range(18, 26))
"""Bytes that a copy reads and writes: from less than a second cache holds to more than most third ones do."""
_SECONDS = 0.05
"""Time for which the copies of one size are repeated."""


class Processor(NamedTuple):
    """A processor as Linux describes it."""

    name: str
    vendor: str
    family: int
    model: int
    features: frozenset[str]
    """Instruction sets, as Linux spells them."""
    first_cache_bytes: int | None
    """Capacity of the first data cache; None where the system does not state it."""


class Stream(NamedTuple):
    """How quickly a loop over arrays of some size passes through them."""

    size_bytes: int
    """Bytes that the loop reads and writes."""
    bytes_per_s: float


def this_processor() -> Processor | None:
    """The processor of this machine; None where the system does not describe one by family and model."""
    return described(cpu_information(), _first_cache_bytes(_CACHES))


def described(information: Mapping[str, str], first_cache_bytes: int | None) -> Processor | None:
    """The processor of one entry of /proc/cpuinfo; None where it states no family and model, as Arm's does not."""
    try:
        family, model = int(information["cpu family"]), int(information["model"])
    except (KeyError, ValueError):
        return None
    return Processor(
        information.get("model name", ""),
        information.get("vendor_id", ""),
        family,
        model,
        frozenset(information.get("flags", "").split()),
        first_cache_bytes,
    )


def _first_cache_bytes(caches: Path) -> int | None:
    for cache in sorted(caches.glob("index*")):
        if file_text(cache / "level") == "1" and file_text(cache / "type") == "Data":
            size = file_text(cache / "size") or ""
            digits, unit = size[:-1], size[-1:]
            return int(digits) * _UNITS[unit] if digits.isdecimal() and unit in _UNITS else None
    return None


def streams() -> tuple[Stream, ...]:
    """Time loops over arrays from 256 KiB to 32 MiB, the quickest of many at each size; it takes half a second."""
    return tuple(Stream(size, size / _quickest_s(size)) for size in _SIZES_BYTES)


def _quickest_s(size_bytes: int) -> float:
    read = np.ones(size_bytes // 2, dtype=np.uint8)
    written = np.empty_like(read)
    end, quickest = time.perf_counter() + _SECONDS, float("inf")
    while time.perf_counter() < end or quickest == float("inf"):
        begin = time.perf_counter()
        np.copyto(written, read)
        quickest = min(quickest, time.perf_counter() - begin)
    return quickest


def near_bytes(found: Sequence[Stream]) -> int:
    """The largest size that passes at half of the greatest rate or more: what the core finds in its near caches."""
    half = max(stream.bytes_per_s for stream in found) / 2
    return max(stream.size_bytes for stream in found if stream.bytes_per_s >= half)
