"""What x86 runtimes report of small networks, and what is predicted of these."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from stairline.hwmodels import load
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build, build_block

BLOCKS = [
    build_block("mobilenet_v2_block", 28, 32),
    build_block("mobilenet_v2_se_block", 14, 48, gate="sigmoid"),
    build_block("mobilenet_v2_block", 28, 40, activation="swish"),
    build_block("dense_block", 14, 64),
    build_block("dense_block", 14, 40),
    build_block("shufflenet_v2_block", 14, 116),
    build_block("mixconv", 14, 96),
    build("mobilenet_v1", 64, 0.5),
]


def reported(backend: str, graph: Graph, directory: Path) -> Counter[str]:
    """How many nodes of each operator a runtime executes, by its own profile."""
    from stairline.measure.runtimes.registry import backend as backend_named
    from stairline.measure.timing.protocol import Protocol

    used = backend_named(backend)
    quick = Protocol(warmups=1, runs=2, max_runs=2, counters=True)
    return Counter(c.op for c in used.visit(used.build(graph, "float32", directory), 1, quick).counters)


def predicted(platform: str, graph: Graph) -> Counter[str]:
    """How many kernels of each first operator are predicted."""
    return Counter(kernel.ops[0] for kernel in predict(graph, load(platform)).kernels)
