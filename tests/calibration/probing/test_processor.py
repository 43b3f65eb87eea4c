"""The numbers of an x86 base that follow from the processor, against what vendors publish of them."""

from __future__ import annotations

import pytest

from stairline.calibration.probing.processor import macs_per_cycle, structure
from stairline.hwmodels import load
from stairline.measure.timing.processor import Processor

MIB = 1 << 20


def processor(vendor: str, family: int, model: int, *features: str, name: str = "") -> Processor:
    return Processor(name, vendor, family, model, frozenset(features), 48 * 1024)


GOLD, SILVER = "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "Intel(R) Xeon(R) Silver 4114 CPU @ 2.20GHz"


@pytest.mark.parametrize(
    ("name", "found", "macs"),
    [
        ("Xeon Gold 6148, Skylake-SP", processor("GenuineIntel", 6, 85, "avx512f", name=GOLD), 32),
        ("Xeon Silver 4114, which has one pipe", processor("GenuineIntel", 6, 85, "avx512f", name=SILVER), None),
        ("Xeon, Emerald Rapids", processor("GenuineIntel", 6, 207, "avx512f"), 32),
        ("Core i7-1165G7, Tiger Lake", processor("GenuineIntel", 6, 140, "avx512f"), 16),
        ("Ryzen 9 7950X, Zen 4", processor("AuthenticAMD", 25, 0x61, "avx512f"), 16),
        ("Ryzen 9 9950X, Zen 5", processor("AuthenticAMD", 26, 0x44, "avx512f"), 32),
        ("Ryzen AI 9 HX 370, Zen 5 with half its pipes", processor("AuthenticAMD", 26, 0x24, "avx512f"), 16),
        ("Core i5-12400, whose vectors have 256 bits", processor("GenuineIntel", 6, 151, "avx2"), None),
        ("a vendor that is not known", processor("HygonGenuine", 24, 1, "avx512f"), None),
    ],
)
def test_multiply_adds_a_cycle_are_those_that_vendors_publish(name: str, found: Processor, macs: int | None) -> None:
    assert macs_per_cycle(found) == macs, name


def test_a_base_is_given_the_pipes_and_caches_of_the_processor_at_hand() -> None:
    base = load("x86-xnnpack-litert")
    changes = structure(base, processor("GenuineIntel", 6, 207, "avx512f"), 2 * MIB)
    assert changes == {
        "roofs.compute.float32.macs_per_cycle": 32,
        "roofs.cache.capacity_bytes": 2 * MIB,
        "placement.capacity_bytes": 2 * MIB,
        "kernels.dwconv2d.cache_bytes": 48 * 1024,
    }


def test_a_number_that_a_base_does_not_state_or_states_already_is_not_among_its_changes() -> None:
    base = load("x86-onnxruntime")
    changes = structure(base, processor("AuthenticAMD", 25, 0x11, "avx512f"), 16 * MIB)
    assert set(changes) == {"roofs.cache.capacity_bytes", "placement.capacity_bytes"}
