"""Another clock moves what is so many cycles, and nothing that a memory, a link or a host decides."""

from __future__ import annotations

import pytest

from stairline.hwmodels import PlatformError, load, with_values
from stairline.hwmodels.clocks import with_cycles_kept
from stairline.hwmodels.files.derived import cycles_kept
from stairline.hwmodels.quantities import quantities

CPU, GPU = load("CPU"), load("GPU")


def numbers(platform) -> dict[str, float]:
    return {key: quantity.value for key, quantity in quantities(platform.file)}


def test_at_twice_the_clock_a_tap_takes_half_the_time_and_the_memory_is_as_fast_as_before():
    before, after = numbers(CPU), numbers(with_values(CPU, {"platform.clock_hz": 2 * 2.84e9}))
    memory = "roofs.memory.dram.bandwidth_bytes_per_s"
    taps = [key for key in before if key.startswith("kernels.dwconv2d.tap_s")]
    assert taps
    assert all(after[key] == pytest.approx(before[key] / 2) for key in taps)
    assert after[memory] == before[memory]
    assert after["overheads.kernel_s"] == before["overheads.kernel_s"]


def test_at_half_the_clock_the_texture_pipes_deliver_half_the_bytes():
    before, after = numbers(GPU), numbers(with_values(GPU, {"platform.clock_hz": 585e6 / 2}))
    fetched = [key for key in before if key.endswith("fetch_bytes_per_s")]
    assert fetched
    assert all(after[key] == pytest.approx(before[key] / 2) for key in fetched)


def test_what_is_stated_together_with_the_clock_stands():
    (key, *_) = [key for key in numbers(CPU) if key.startswith("kernels.dwconv2d.tap_s")]
    stated = {"platform.clock_hz": 2 * 2.84e9, key: 1e-9}
    assert numbers(with_values(CPU, stated))[key] == 1e-9


def test_without_a_clock_the_values_are_what_they_were():
    values = {"roofs.memory.dram.bandwidth_bytes_per_s": 1e10}
    assert with_cycles_kept(CPU.file, values) == values


def test_a_platform_at_its_own_clock_predicts_as_before():
    same = with_values(CPU, {"platform.clock_hz": 2.84e9})
    assert numbers(same) == numbers(CPU)


def test_a_clock_that_is_none_is_refused_by_the_platforms_name():
    with pytest.raises(PlatformError, match="clock_hz"):
        with_values(CPU, {"platform.clock_hz": 0.0})


def test_a_fit_states_what_the_clock_that_it_is_told_of_moves():
    stated = cycles_kept(CPU, {"platform.clock_hz": 1.42e9})
    assert stated["platform.clock_hz"] == 1.42e9
    assert len(stated) > 10
