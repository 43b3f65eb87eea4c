"""How many networks of a space are predicted a second: python -m benchmarks.speed.spaces [SPACE ...].

Beside it, within the same run, a gather of one number a position from tables that fit the code alone: what remains if
nothing but the sum is left.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from stairline import hwmodels
from stairline.simulator.spaces.catalogue import SPACES, space
from stairline.simulator.spaces.compiled import CompiledSpace, compiled
from stairline.simulator.spaces.errors import NotComposableError

PLATFORMS = ("CPU", "GPU", "DSP", "VPU", "KPU", "NPU", "pixel4-cortexa76-tflite2.1-nnmeter", "TPU")
NETWORKS, ROUNDS = 500_000, 5


def main(names: list[str]) -> None:
    """Print, for each space and platform, the seconds to compile and the medians of the rates."""
    print(f"{'space':22}{'platform':38}{'compile s':>10}{'M/s':>8}{'all M/s':>9}{'gather M/s':>11}")
    for name in names or SPACES:
        for platform in PLATFORMS:
            started = time.perf_counter()
            try:
                table = compiled(space(name), hwmodels.load(platform).machine())
            except (NotComposableError, ValueError) as why:
                print(f"{name:22}{platform:38}{str(why)[:60]}")
                continue
            took_s = time.perf_counter() - started
            rates = " ".join(f"{rate / 1e6:8.1f}" for rate in _rates(table))
            print(f"{name:22}{platform:38}{took_s:10.1f}{rates}", flush=True)


def _rates(table: CompiledSpace) -> list[float]:
    """Networks a second: latencies alone, latencies with energy and status, and the bare gather; interleaved."""
    codes = table.space.sample(NETWORKS, seed=1)
    prices = np.random.default_rng(0).random((codes.shape[1], 256))
    places = np.arange(codes.shape[1])
    calls: list[Callable[[], object]] = [
        lambda: table.latencies_s(codes),
        lambda: table.predict(codes),
        lambda: prices[places, codes].sum(axis=1),
    ]
    for call in calls:
        call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, own in zip(calls, times):
            started = time.perf_counter()
            call()
            own.append(time.perf_counter() - started)
    return [NETWORKS / median(own) for own in times]


if __name__ == "__main__":
    main(sys.argv[1:])
