"""Numbers with units, as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairline.hwmodels.files.units import parsed, written

KEYS = (
    "platform.clock_hz",
    "placement.capacity_bytes",
    "roofs.memory.dram.bandwidth_bytes_per_s",
    "overheads.kernel_s",
)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("placement.capacity_bytes", "16MiB", 16 * 2**20),
        ("placement.capacity_bytes", "8.25 MB", 8.25e6),
        ("roofs.memory.dram.bandwidth_bytes_per_s", "40e9", 40e9),
        ("roofs.memory.dram.bandwidth_bytes_per_s", "12.8GB/s", 12.8e9),
        ("platform.clock_hz.float32", "1.2GHz", 1.2e9),
        ("overheads.kernel_s", "5us", 5e-6),
        ("overheads.kernel_s", "5 µs", 5e-6),
        ("kernels.relu.epilogue_s_per_element.int8", "2ns", 2e-9),
        ("power.active_w", "500mW", 0.5),
        ("kernels.conv2d.tile_n", "64", 64.0),
        ("kernels.conv2d.tile_n", ".5e2", 50.0),
    ],
)
def test_a_number_is_taken_in_the_unit_of_its_key(key, text, value):
    assert parsed(key, text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("placement.capacity_bytes", "16GHz", "unit 'GHz'; it is in B: write 16MiB"),
        ("placement.capacity_bytes", "16Mb", "unit 'Mb'"),
        ("roofs.memory.dram.bandwidth_bytes_per_s", "12GB", "it is in B/s: write 12.8GB/s"),
        ("overheads.kernel_s", "5MS", "unit 'MS'"),
        ("kernels.conv2d.tile_n", "64B", "a number without a unit"),
        ("platform.clock_hz", "fast", "is no number: write 1.2GHz"),
        ("platform.clock_hz", "", "is no number"),
        ("platform.clock_hz", "1e999", "too large"),
        ("platform.clock_hz", "nan", "is no number"),
    ],
)
def test_another_unit_is_refused_with_the_keys_own(key, text, complaint):
    with pytest.raises(ValueError, match=complaint.replace("/", r"\/")):
        parsed(key, text)


@given(st.sampled_from(KEYS), st.floats(1e-12, 1e14))
def test_what_is_written_of_a_number_reads_as_that_number_to_four_digits(key, value):
    assert parsed(key, written(key, value)) == pytest.approx(value, rel=1e-3)


def test_sizes_that_are_powers_of_two_are_written_so():
    assert written("placement.capacity_bytes", 2.0**23) == "8 MiB"
    assert written("placement.capacity_bytes", 8e6) == "8 MB"
    assert written("x.epilogue_s_per_element.int8", 1.39e-9) == "1.39 ns/element"
    assert written("overheads.kernel_s", 0.0) == "0 s"
