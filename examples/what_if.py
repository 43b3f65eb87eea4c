"""What would twice the memory bandwidth, or twice the multipliers, do for a network? Change the platform and ask.

Run from the root of the repository: python examples/what_if.py
"""

from __future__ import annotations

import stairline as sl
from stairline.hwmodels import with_values
from stairline.simulator.zoo import build

base = sl.load("CPU").platform
bandwidth = base.file.roofs.memory["dram"].bandwidth_bytes_per_s.value
changes = {
    "as it is": {},
    "2x memory bandwidth": {"roofs.memory.dram.bandwidth_bytes_per_s": 2 * bandwidth},
    "2x multipliers": {"roofs.compute.float32.macs_per_cycle": 16.0},
}
for model in ("mobilenet_v2", "resnet_v1_50"):
    for label, values in changes.items():
        latency_ms = sl.Device(with_values(base, values)).predict(build(model)).latency_s * 1e3
        print(f"{model:14s} {label:22s} {latency_ms:7.1f} ms")
