"""The processor as Linux describes it, and what a core keeps near, on recorded texts and rates."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.timing import machine, processor
from stairline.measure.timing.processor import Stream, described, near_bytes

XEON = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 207
model name\t: Intel(R) Xeon(R) Processor
flags\t\t: fpu sse2 avx2 fma avx512f avx512_vnni
"""
RASPBERRY_PI_4 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU part\t: 0xd08
"""
MIB = 1 << 20


def entry(text: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in text.splitlines()]
    return {key.strip(): value.strip() for key, _, value in pairs}


def test_an_x86_processor_is_known_by_vendor_family_and_model() -> None:
    found = described(entry(XEON), 49152)
    assert found is not None
    assert (found.vendor, found.family, found.model) == ("GenuineIntel", 6, 207)
    assert {"avx512f", "avx512_vnni"} <= found.features


def test_an_arm_core_states_no_family_and_is_not_taken_for_an_x86_one() -> None:
    assert described(entry(RASPBERRY_PI_4), None) is None


def test_the_first_data_cache_is_read_as_linux_states_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index, (level, kind, size) in enumerate(
        (("1", "Instruction", "32K"), ("1", "Data", "48K"), ("2", "Unified", "2M"))
    ):
        cache = tmp_path / f"index{index}"
        cache.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (cache / name).write_text(f"{text}\n")
    (tmp_path / "cpuinfo").write_text(XEON)
    monkeypatch.setattr(processor, "_CACHES", tmp_path)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    found = processor.this_processor()
    assert found is not None
    assert found.first_cache_bytes == 48 * 1024


@pytest.mark.parametrize(
    ("rates", "near"),
    [
        # An Emerald Rapids: 2 MiB of second cache, and a mesh of slices behind it that one core reads slowly.
        ({1: 81e9, 2: 52e9, 4: 29e9, 8: 28.6e9, 32: 27.6e9}, 2 * MIB),
        # A third cache that eight cores share, near all of them.
        ({1: 95e9, 2: 80e9, 4: 71e9, 8: 66e9, 16: 60e9, 32: 30e9}, 16 * MIB),
        # One size that a neighbour disturbed does not end what is near.
        ({1: 81e9, 2: 20e9, 4: 52e9, 8: 29e9}, 4 * MIB),
    ],
)
def test_near_is_what_streams_at_half_of_the_best_rate(rates: dict[int, float], near: int) -> None:
    assert near_bytes([Stream(size * MIB, rate) for size, rate in rates.items()]) == near
