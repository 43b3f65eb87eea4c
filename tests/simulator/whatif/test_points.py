"""Sweeps as people write them."""

from __future__ import annotations

import pytest

from stairline.hwmodels import PlatformError, load
from stairline.simulator.whatif.errors import WhatIfError
from stairline.simulator.whatif.points import axis, grid

DRAM = "roofs.memory.dram.bandwidth_bytes_per_s"
TILE = "kernels.conv2d|matmul|conv2d_transpose.tile_n"


def test_a_sweep_has_its_ends_and_equal_steps_or_ratios():
    cpu = load("CPU")
    assert axis(cpu, f"{DRAM}=1GB/s:4e9:lin4").values == (1e9, 2e9, 3e9, 4e9)
    assert axis(cpu, f"{DRAM}=4e9:1e9:log3").values == (4e9, 2e9, 1e9)
    assert axis(cpu, f"{DRAM}=1e9, 3 GB/s").values == (1e9, 3e9)
    # Whole numbers come out whole, so that they can be tiles.
    assert axis(cpu, f"{TILE}=1:64:log7").values == (1, 2, 4, 8, 16, 32, 64)


def test_a_grid_has_every_combination_with_the_last_axis_running_fastest():
    cpu = load("CPU")
    points = grid([axis(cpu, f"{DRAM}=1e9,2e9"), axis(cpu, f"{TILE}=4,8,16")])
    assert points.keys == (DRAM, TILE)
    assert points.values.tolist() == [[d, t] for d in (1e9, 2e9) for t in (4, 8, 16)]


@pytest.mark.parametrize(
    ("rest", "complaint"),
    [
        ("1e9:2e9:log1", "no points between the ends"),
        ("1e9:2e9:log0", "no points"),
        ("1e9:1e9:lin5", "no points"),
        ("1e9:2e9", "write KEY"),
        ("1e9:2e9:cube5", "write KEY"),
        ("1e9:2e9:log-5", "write KEY"),
        ("1e9:2e9:log9999999", "at most"),
        ("0:2e9:log5", "begins above 0"),
        ("1e9,fast", "no number"),
        ("1GHz:2GHz:log5", "unit 'GHz'"),
    ],
)
def test_a_sweep_that_is_none_is_refused_with_what_to_write(rest, complaint):
    with pytest.raises(WhatIfError, match=complaint):
        axis(load("CPU"), f"{DRAM}={rest}")


def test_a_sweep_needs_a_key_of_the_platform_once():
    cpu = load("CPU")
    with pytest.raises(PlatformError, match="did you mean 'platform\\.clock_hz'"):
        axis(cpu, "platform.clok_hz=1e9,2e9")
    with pytest.raises(PlatformError, match="is not a sweep"):
        axis(cpu, "platform.clock_hz=")
    one = axis(cpu, f"{DRAM}=1e9,2e9")
    with pytest.raises(WhatIfError, match="given twice"):
        grid([one, one])
    with pytest.raises(WhatIfError, match="at most 1,000,000"):
        grid([axis(cpu, f"{DRAM}=1e9:2e9:log2000"), axis(cpu, "platform.clock_hz=1e9:2e9:log2000")])
