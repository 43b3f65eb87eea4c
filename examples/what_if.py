"""An NPU that nobody has built yet: how fast is it, what do its unknowns leave open, and what should it have more of?

Run from the root of the repository: python examples/what_if.py
"""

from __future__ import annotations

from stairline.hwmodels.files.datasheet import Datasheet, Tile, datasheet_file
from stairline.hwmodels.files.loading import parse
from stairline.simulator.whatif.answers import sweep
from stairline.simulator.whatif.assumptions import left_open
from stairline.simulator.whatif.suite import Suite
from stairline.simulator.whatif.tornado import tornado
from stairline.simulator.zoo import build

SHEET = Datasheet(
    name="unreleased-npu",
    macs_per_cycle={"int8": 4096.0},
    clock_hz=1e9,
    bandwidth_bytes_per_s=12.8e9,
    tiles={"int8": Tile(64, 64)},
    on_chip_bytes=2.0**21,
    fuses=("relu", "relu6"),
)
MACS = "roofs.compute.int8.macs_per_cycle"
DRAM = "roofs.memory.dram.bandwidth_bytes_per_s"

names = ("mobilenet_v2", "resnet_v1_50")
platform = parse(datasheet_file(SHEET), SHEET.name)
suite = Suite(platform, tuple(map(build, names)), names, weights=(3.0, 1.0))

unknown = left_open(suite)
low_s, high_s = unknown.interval_s
print(
    f"{unknown.latency_s * 1e3:.2f} ms on average, 90 % of all guesses within {low_s * 1e3:.2f} to {high_s * 1e3:.2f}"
)
print(f"find out first: {', '.join(one.key for one in unknown.assumptions[:3])}")

for swing in tornado(suite)[:3]:
    print(f"half of {swing.key}: {swing.halved_ratio - 1:+.0%}, twice: {swing.doubled_ratio - 1:+.0%}")

found = sweep(suite, [f"{MACS}=1024,2048,4096,8192", f"{DRAM}=5GB/s:40GB/s:log5"], cost=f"{MACS} + 1e-7 * {DRAM}")
assert found.costs is not None
assert found.is_on_front is not None
for (macs, rate), latency_s, cost, is_on_front in zip(
    found.points.values, found.latency_s, found.costs, found.is_on_front
):
    if is_on_front:
        print(f"{macs:5.0f} MACs, {rate / 1e9:4.1f} GB/s: {latency_s * 1e3:5.2f} ms at a cost of {cost:,.0f}")
