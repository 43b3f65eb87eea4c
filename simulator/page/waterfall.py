"""From multiply-accumulates to milliseconds: what each mechanism adds to the time of the ideal processor."""

from __future__ import annotations

from typing import NamedTuple

from stairline.simulator.mapping.plan import Plan
from stairline.simulator.pricing.prediction import CROSSING, HOST_IO, KernelPrediction, Prediction


class Step(NamedTuple):
    """One step of a waterfall, in seconds; below 0 where it saves time."""

    name: str
    time_s: float
    meaning: str


MEANINGS = {
    "ideal": "the network's MACs at the peak rate of the processor",
    "padding": "MACs added by partly filled tiles, at that rate",
    "efficiency": "what kernels take above the peak rate, and operators without MACs",
    "epilogue": "bias, clamp and requantisation of outputs",
    "memory": "tensors moved, as far as computing does not hide it",
    "parameters": "parameters read or streamed in, as far as computing does not hide it",
    "dispatch": "starting each kernel",
    "residual": "the correction that calibration found",
    "fallback": "kernels on the fallback processor",
    "crossings": "tensors that cross between the processors",
    "host link": "inputs and outputs of the network",
    "per inference": "the cost of one inference, whatever the network",
}


def waterfall(planned: Plan, prediction: Prediction) -> tuple[Step, ...]:
    """The steps that are not 0, in the order of ``MEANINGS``; their sum is the latency."""
    sums = dict.fromkeys(MEANINGS, 0.0)
    peaks = [kernel.rule.roof.macs_per_s for kernel in planned.kernels if kernel.rule is not None]
    for kernel, peak in zip(prediction.kernels, peaks):
        for name, time_s in (("fallback", kernel.latency_s),) if kernel.on_host else _parts(kernel, peak):
            sums[name] += time_s
    for kernel in prediction.kernels[len(peaks) :]:
        sums[{CROSSING: "crossings", HOST_IO: "host link"}[kernel.ops[0]]] += kernel.latency_s
    sums["per inference"] = prediction.fixed_s
    return tuple(Step(name, time_s, MEANINGS[name]) for name, time_s in sums.items() if time_s)


def _parts(kernel: KernelPrediction, peak_macs_per_s: float) -> tuple[tuple[str, float], ...]:
    """The time of one kernel by what adds it; what is moved counts as far as it is not hidden."""
    cost, ideal_s = kernel.cost, kernel.macs / peak_macs_per_s
    padding_s = (cost.padded_macs - kernel.macs) / peak_macs_per_s if cost.padded_macs else 0.0
    moved_s = cost.memory_s + cost.weights_s
    exposed_s = cost.latency_s - cost.compute_s - cost.epilogue_s - cost.overhead_s
    tensors = cost.memory_s / moved_s if moved_s else 1.0
    return (
        ("ideal", ideal_s),
        ("padding", padding_s),
        ("efficiency", cost.compute_s - ideal_s - padding_s),
        ("epilogue", cost.epilogue_s),
        ("memory", exposed_s * tensors),
        ("parameters", exposed_s * (1.0 - tensors)),
        ("dispatch", cost.overhead_s),
        ("residual", kernel.latency_s - cost.latency_s),
    )
