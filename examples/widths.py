"""Which output widths of a convolution are free? Sweep C_out and print where the latency steps up.

Run from the root of the repository: python examples/widths.py
"""

from __future__ import annotations

import stairline as sl
from stairline.simulator.zoo import build_block


def steps(device: sl.Device, widths: range) -> list[tuple[int, float]]:
    """The last width of each latency step, with the latency in ms: those are the widths worth choosing."""
    latencies_ms = [device.predict(build_block("conv", 28, 320, 3, c_out=c)).operators_s * 1e3 for c in widths]
    ends = [i for i in range(len(widths) - 1) if latencies_ms[i + 1] > latencies_ms[i] * 1.001]
    return [(widths[i], latencies_ms[i]) for i in ends]


for name in ("CPU", "DSP", "TPU"):
    print(f"{name}: 3x3 convolution, 28 x 28 x 320")
    for width, latency_ms in steps(sl.load(name), range(1, 194)):
        if width % 32 == 0:
            print(f"  up to {width:3d} channels: {latency_ms:.3f} ms")
