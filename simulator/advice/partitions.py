"""What falls back to the host, and what the whole partition behind each refused operator costs."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from stairline.simulator.mapping.plan import Plan
from stairline.simulator.pricing.prediction import CROSSING, Prediction


class HostRun(NamedTuple):
    """Kernels that run on the fallback processor one after the other. Times in seconds."""

    layers: tuple[str, ...]
    refused: str
    """Why the first of its layers that the platform refuses is refused."""
    kernels: int
    host_s: float
    crossings_s: float
    """The time of the tensors that cross to and from these kernels."""

    @property
    def latency_s(self) -> float:
        """What the run costs, with its crossings."""
        return self.host_s + self.crossings_s


def host_runs(planned: Plan, prediction: Prediction) -> tuple[HostRun, ...]:
    """The runs of kernels on the fallback processor, the longest first. Each crossing is counted once."""
    reasons = {reason.partition(": ")[0]: reason for reason in planned.fallbacks}
    crossed = {k.name: k.latency_s for k in prediction.kernels if k.ops == (CROSSING,)}
    found = []
    in_order = [k for k in prediction.kernels if k.ops != (CROSSING,)]
    for on_host, run in groupby(in_order, key=lambda kernel: kernel.on_host):
        if on_host:
            kernels = list(run)
            layers = tuple(name for kernel in kernels for name in kernel.layers)
            crossings_s = sum(crossed.pop(name, 0.0) for name in _touched(planned, frozenset(layers)))
            refused = next((reasons[name] for name in layers if name in reasons), "")
            host_s = sum(kernel.latency_s for kernel in kernels)
            found.append(HostRun(layers, refused, len(kernels), host_s, crossings_s))
    return tuple(sorted(found, key=lambda run: -run.latency_s))


def _touched(planned: Plan, layers: frozenset[str]) -> list[str]:
    """The names of the tensors that these layers read or write."""
    graph = planned.graph
    tensors = [t for layer in graph.layers if layer.name in layers for t in (*layer.inputs, *layer.outputs)]
    return [graph.tensors[t].name for t in dict.fromkeys(tensors)]
