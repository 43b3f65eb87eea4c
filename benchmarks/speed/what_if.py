"""Print how fast what-ifs are: one point, a grid of points, and a whole tornado, warm and with the first call.

Run from the root of the repository: python -m benchmarks.speed.what_if
Times are the machine's, so compare them within one run only. ResNet-18 is built here; the others are built in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import stairline
from stairline.hwmodels import without_residual
from stairline.simulator.graph.builder import GraphBuilder
from stairline.simulator.graph.graph import Graph
from stairline.simulator.whatif.points import axis, grid
from stairline.simulator.whatif.suite import Suite
from stairline.simulator.whatif.tornado import tornado
from stairline.simulator.zoo import build

DRAM = "roofs.memory.dram.bandwidth_bytes_per_s=1e9:40GB/s:log100"


def resnet_18() -> Graph:
    """ResNet-18 at 224 x 224 pixels (He et al., 2016, table 1)."""
    b = GraphBuilder("resnet_18")
    x = b.conv2d(b.input((1, 224, 224, 3)), 64, 7, stride=2, activation="relu")
    x = b.pool("maxpool2d", x, 3, 2, padding="same")
    for channels, first in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for stride in (first, 1):
            y = b.conv2d(x, channels, 3, stride=stride, activation="relu")
            y = b.conv2d(y, channels, 3)
            if stride > 1:
                x = b.conv2d(x, channels, 1, stride=stride)
            x = b.layer("relu", b.layer("add", y, x))
    return b.build(b.dense(b.layer("globalavgpool2d", x), 1000))


def spread(run: Callable[[], object], repeats: int) -> str:
    """The first call, and median and fastest of the others, in ms."""
    times_s = []
    for _ in range(repeats + 1):
        start_s = time.perf_counter()
        run()
        times_s.append(time.perf_counter() - start_s)
    warm = sorted(times_s[1:])
    return (
        f"first {times_s[0] * 1e3:9.2f} ms, then median {median(warm) * 1e3:8.3f} ms, fastest {warm[0] * 1e3:8.3f} ms"
    )


def case(graph: Graph, platform_name: str, dtype: str) -> None:
    """One network on one platform."""
    platform = without_residual(stairline.load(platform_name).platform)
    suite = Suite(platform, (graph,), (graph.name,), (1.0,), dtype)
    points = grid([axis(platform, DRAM), axis(platform, f"roofs.compute.{dtype}.macs_per_cycle=1:64:log100")])
    print(f"{graph.name} on {platform_name}, {dtype}")
    print(f"  a point:            {spread(lambda: suite.at(points.only(slice(50, 51))), 200)}")
    print(f"  100 x 100 points:   {spread(lambda: suite.at(points), 5)}")
    print(f"  every number, x 2:  {spread(lambda: tornado(suite), 3)}")


def main() -> None:
    """Print all cases."""
    for graph in (resnet_18(), build("mobilenet_v2")):
        for platform, dtype in (("CPU", "float32"), ("GPU", "float32")):
            case(graph, platform, dtype)


if __name__ == "__main__":
    main()
