"""Plant faults in clean times by arithmetic of its own, and score which cause a check names first.

    python benchmarks/check/planted.py [--draws N] [--only CAUSE]

The clean time of a kernel is the prediction with an error of its own; a fault then changes the times, by no code that
the check uses. Half of the draws are times of networks, half of operators, where the fault shows in both.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.check.networks import network  # noqa: E402
from stairline import hwmodels  # noqa: E402
from stairline.calibration.check.causes import class_of  # noqa: E402
from stairline.calibration.check.check import check  # noqa: E402
from stairline.calibration.check.measured import MeasuredFile, MeasuredNetwork, OperatorRecord  # noqa: E402
from stairline.simulator.graph.graph import Graph  # noqa: E402
from stairline.simulator.pricing.predict import predict  # noqa: E402
from stairline.simulator.pricing.prediction import KernelPrediction  # noqa: E402

NETWORKS, OPERATOR_NETWORKS = 30, 8
MODEL_NOISE, RUN_NOISE = 0.03, 0.015


class Case(NamedTuple):
    """The times of one network: its kernels and what it takes beside them, in ms, with the graph that was run."""

    graph: Graph
    kernels: list[tuple[KernelPrediction, float]]
    beside_ms: float = 0.0


Fault = Callable[[list[Case], random.Random], list[Case]]


def _each(change: Callable[[KernelPrediction, float], float]) -> Callable[[list[Case]], list[Case]]:
    return lambda cases: [c._replace(kernels=[(k, change(k, ms)) for k, ms in c.kernels]) for c in cases]


def scale(cases: list[Case], draw: random.Random) -> list[Case]:
    """Another clock."""
    factor = draw.choice((0.5, 0.6, 1.4, 1.7, 2.0, 3.0))
    return _each(lambda _k, ms: ms * factor)(cases)


def threads(cases: list[Case], draw: random.Random) -> list[Case]:
    """Products divided among threads with an efficiency; the rest is not."""
    factor = 1.0 / (draw.choice((2, 4)) * draw.uniform(0.75, 0.95))
    return _each(lambda k, ms: ms * factor if k.macs else ms)(cases)


def load(cases: list[Case], draw: random.Random) -> list[Case]:
    """A neighbour that takes the core half of the time, and more of the memory."""
    factor = draw.uniform(1.5, 2.2)
    return _each(lambda k, ms: ms * factor * (1.0 if k.macs else 1.1))(cases)


def kernel_overhead(cases: list[Case], draw: random.Random) -> list[Case]:
    """A dispatch that costs more."""
    extra = draw.uniform(0.03, 0.3)
    return _each(lambda _k, ms: ms + extra)(cases)


def inference_overhead(cases: list[Case], draw: random.Random) -> list[Case]:
    """A constant for each inference."""
    return [c._replace(beside_ms=extra) for extra in [draw.uniform(2.0, 12.0)] for c in cases]


def operator_rate(cases: list[Case], draw: random.Random) -> list[Case]:
    """One operator at another rate."""
    op, factor = draw.choice(("dwconv2d", "conv2d")), draw.choice((0.55, 1.8, 2.5))
    return _each(lambda k, ms: ms * factor if k.ops[0] == op else ms)(cases)


def shape_local(cases: list[Case], draw: random.Random) -> list[Case]:
    """Depthwise convolutions with a wide filter, or with a stride, at another rate."""
    kernel, factor = draw.choice((3, 5)), draw.choice((2.0, 3.0))

    def changed(c: Case) -> Case:
        hit = {layer.name for layer in c.graph.layers if max(layer.attributes.kernel) == kernel}
        slow = [(k, ms * factor if k.ops[0] == "dwconv2d" and k.name in hit else ms) for k, ms in c.kernels]
        return c._replace(kernels=slow)

    return [changed(c) for c in cases]


def fusion_missing(cases: list[Case], draw: random.Random) -> list[Case]:
    """Each activation reads and writes its tensor on its own."""
    per_byte_ms = draw.uniform(1.0, 1.6) / 24e9 * 1e3

    def changed(c: Case) -> Case:
        elements = {layer.name: math.prod(c.graph.tensors[layer.outputs[0]].shape) for layer in c.graph.layers}
        more = [16.0 * elements.get(k.layers[0], 0) * per_byte_ms if len(k.ops) > 1 else 0.0 for k, _ in c.kernels]
        return c._replace(kernels=[(k, ms + extra) for (k, ms), extra in zip(c.kernels, more)])

    return [changed(c) for c in cases]


def unit(cases: list[Case], _draw: random.Random) -> list[Case]:
    """Microseconds in a column of milliseconds."""
    return _each(lambda _k, ms: ms * 1e3)(cases)


def wrong_model(cases: list[Case], draw: random.Random) -> list[Case]:
    """Two networks were run at another width."""
    hit = set(draw.sample(range(len(cases)), 2))
    factor = draw.choice((0.4, 0.5, 1.9, 2.4))
    return [_each(lambda _k, ms: ms * factor)([c])[0] if i in hit else c for i, c in enumerate(cases)]


def drift(cases: list[Case], draw: random.Random) -> list[Case]:
    """The board grows hot: slower and slower, or all at once."""
    most, step, cut = draw.uniform(0.4, 0.8), draw.random() < 0.5, draw.uniform(0.3, 0.7)
    found = []
    for i, c in enumerate(cases):
        at = i / (len(cases) - 1)
        factor = 1.0 + most * ((at > cut) if step else at)
        found.append(c._replace(kernels=[(k, ms * factor) for k, ms in c.kernels], beside_ms=c.beside_ms * factor))
    return found


def tile(cases: list[Case], draw: random.Random) -> list[Case]:
    """Output channels of convolutions in steps that the model does not have."""
    width = draw.choice((32, 64))

    def changed(c: Case) -> Case:
        sizes = {layer.name: c.graph.tensors[layer.outputs[0]].shape[-1] for layer in c.graph.layers}
        found = []
        for k, ms in c.kernels:
            size = sizes.get(k.name, width) if k.ops[0] == "conv2d" else width
            found.append((k, ms * math.ceil(size / width) * width / size))
        return c._replace(kernels=found)

    return [changed(c) for c in cases]


def precision(cases: list[Case], draw: random.Random) -> list[Case]:
    """The 8-bit file was run."""
    found = []
    for c in cases:
        int8 = {k.name: k.latency_s * 1e3 for k in predict(c.graph, hwmodels.load("CPU"), "int8").kernels}
        found.append(
            c._replace(kernels=[(k, int8[k.name] * math.exp(draw.gauss(0.0, MODEL_NOISE))) for k, _ in c.kernels])
        )
    return found


def clean(cases: list[Case], _draw: random.Random) -> list[Case]:
    """No fault."""
    return cases


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        *(clean, scale, threads, load, kernel_overhead, inference_overhead, operator_rate, shape_local),
        *(fusion_missing, unit, wrong_model, drift, tile, precision),
    )
}
NETWORKS_ONLY = frozenset({"inference_overhead"})


def draw_case(cause: str, seed: int) -> tuple[MeasuredFile, dict[str, Graph]]:
    """What was measured under a fault, and the networks."""
    draw = random.Random(f"{cause}{seed}")
    platform = hwmodels.load("CPU")
    by_operator = seed % 2 == 1 and cause not in NETWORKS_ONLY
    count = OPERATOR_NETWORKS if by_operator else NETWORKS
    graphs = [network(f"net_{i}", draw.randrange(1 << 30)) for i in range(count)]
    cases = []
    for graph in graphs:
        error = math.exp(draw.gauss(0.0, 0.7 * MODEL_NOISE))
        kernels = predict(graph, platform).kernels
        cases.append(
            Case(graph, [(k, k.latency_s * 1e3 * error * math.exp(draw.gauss(0, MODEL_NOISE))) for k in kernels])
        )
    return _file(FAULTS[cause](cases, draw), by_operator, draw), {graph.name: graph for graph in graphs}


def _file(cases: list[Case], by_operator: bool, draw: random.Random) -> MeasuredFile:
    found, line = [], 1
    for c in cases:
        operators = []
        for k, ms in c.kernels if by_operator else ():
            line += 1
            time_s = ms / 1e3 * math.exp(draw.gauss(0, RUN_NOISE))
            operators.append(OperatorRecord(k.name, k.ops[0], time_s, RUN_NOISE * time_s, None, line))
        line += not by_operator
        total_s = (sum(ms for _, ms in c.kernels) + c.beside_ms) / 1e3 * math.exp(draw.gauss(0, RUN_NOISE))
        whole = (None, None) if by_operator else (total_s, RUN_NOISE * total_s)
        found.append(MeasuredNetwork(c.graph.name, None, *whole, line, tuple(operators)))
    return MeasuredFile("planted.csv", tuple(found), by_operator)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, JASA 22, 1927)."""
    z, p = 1.96, hits / max(total, 1)
    middle, half = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def main() -> None:
    """Print, for each cause, how often it was named first, and what was named in its place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--only", choices=FAULTS, nargs="*", default=list(FAULTS))
    options = parser.parse_args()
    platform, hits, total = hwmodels.load("CPU"), 0, 0
    for cause in options.only:
        named: Counter[str] = Counter()
        right = 0
        for seed in range(options.draws):
            measured, graphs = draw_case(cause, seed)
            found = check(measured, graphs.get, platform)
            top = found.descriptions[0].reasons[0].cause if found.descriptions else "clean"
            named[top + ("/ops" if measured.by_operator else "")] += 1
            right += cause in class_of(top)
        low, high = wilson(right, options.draws)
        print(f"{cause:20} {right}/{options.draws} ({low:.2f} to {high:.2f})  {dict(named.most_common(6))}", flush=True)
        hits, total = hits + right * (cause != "clean"), total + options.draws * (cause != "clean")
    if total:
        low, high = wilson(hits, total)
        print(f"all: {hits}/{total} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
