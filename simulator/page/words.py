"""What a reader sees on pointing at a kernel."""

from __future__ import annotations

from stairline.simulator.pricing.prediction import KernelPrediction
from stairline.simulator.reports.digits import prefixed, three_digits


def hover(kernel: KernelPrediction) -> str:
    """Name, operators, processor, time, every bound and the work of a kernel, a line each."""
    bounds = [f"{name} {time_s * 1e3:.4g} ms" for name, time_s in kernel.cost.bounds_s.items() if time_s]
    return "\n".join(
        (
            f"{kernel.name}: {' + '.join(kernel.ops)}",
            f"{three_digits(kernel.latency_s * 1e3)} ms on {kernel.processor}, limited by {kernel.bound}",
            ", ".join(bounds),
            f"{prefixed(kernel.macs, 'MAC')}, executed {prefixed(kernel.cost.padded_macs, 'MAC')}, "
            f"{prefixed(kernel.bytes_moved, 'B')}",
        )
    )
