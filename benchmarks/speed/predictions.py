"""Print how fast predictions are: a graph in memory, the whole command, and a layer table of many networks.

Run from the root of the repository: python -m benchmarks.speed.predictions [MODEL_FILE | LAYER_TABLE]...
Prints medians and spreads; times are the machine's, so compare them within one run only.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import stairline
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.cost import kernel_cost
from stairline.simulator.zoo import build


def spread_ms(run: Callable[[], object], repeats: int) -> str:
    """Median, fastest and slowest of ``repeats`` calls, in ms."""
    times_s = []
    for _ in range(repeats):
        start_s = time.perf_counter()
        run()
        times_s.append(time.perf_counter() - start_s)
    return f"median {median(times_s) * 1e3:.3f} ms, {min(times_s) * 1e3:.3f} to {max(times_s) * 1e3:.3f} ms"


def in_memory(name: str, platform_name: str) -> None:
    """A network that has never been seen, with and without kernels that other networks had in common."""
    graph, device = build(name), stairline.load(platform_name)

    def fresh() -> Graph:
        return Graph(graph.name, graph.tensors, graph.layers, graph.inputs, graph.outputs)

    unseen = iter([fresh() for _ in range(400)])
    print(f"{name} on {platform_name}: graph in memory to prediction")
    print(f"  kernels seen before: {spread_ms(lambda: device.predict(next(unseen)), 200)}")

    def cold() -> None:
        kernel_cost.cache_clear()
        device.predict(next(unseen))

    print(f"  no kernel seen:      {spread_ms(cold, 200)}")


def whole_process(arguments: list[str]) -> None:
    """The command from start to exit, in a process of its own."""
    command = [sys.executable, "-m", "stairline", *arguments]
    print(f"stairline {' '.join(arguments)}: whole process")
    print(f"  {spread_ms(lambda: subprocess.run(command, check=True, capture_output=True), 7)}")
    print(f"  largest child so far {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3:.0f} MB")


def layer_table(path: Path, platform_name: str) -> None:
    """Read and predict every network of a layer table, in this process."""
    start_s = time.perf_counter()
    from stairline.simulator.pricing.batch import predict_many
    from stairline.simulator.readers.layer_table.reader import read_table

    table = read_table(path)
    read_s = time.perf_counter() - start_s
    networks = sum(1 for _ in predict_many(table.networks(), stairline.load(platform_name).platform.machine()))
    total_s = time.perf_counter() - start_s
    print(f"{path.name}: {networks} networks on {platform_name}")
    print(f"  reading {read_s:.1f} s, all {total_s:.1f} s, {networks / total_s:.0f} networks/s")


def main(arguments: list[str]) -> None:
    """Print every measurement."""
    models = [path for path in arguments if path.endswith((".tflite", ".onnx"))]
    for model in ("mobilenet_v2", *models):
        whole_process(["predict", model, "-p", "CPU"])
    for platform in ("CPU", "GPU", "DSP", "VPU", "TPU", "KPU", "NPU"):
        in_memory("mobilenet_v2", platform)
    for table in arguments:
        if table not in models:
            layer_table(Path(table), "CPU")


if __name__ == "__main__":
    main(sys.argv[1:])
