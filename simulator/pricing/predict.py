"""From the kernels of a plan to a prediction: their costs, transfers, the interval and the coverage."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Cost
from stairline.hwmodels.platform import CrossingCost, Machine
from stairline.simulator.graph.graph import Graph
from stairline.simulator.mapping.plan import Kernel, Plan, require_models
from stairline.simulator.walk import plan

from .cost import kernel_cost
from .coverage import coverage, is_omitted
from .intervals import kernel_factor, network_factor
from .precision import precision
from .prediction import CROSSING, HOST_IO, KernelPrediction, Prediction, Summary


def predict(graph: Graph, platform: Platform, dtype: str | None = None, *, allow_unknown: bool = False) -> Prediction:
    """Predict the latency of ``graph`` on ``platform`` at ``dtype``; where None, at what ``precision`` finds for them.

    Raises PlatformError for a precision that the platform lacks, and UnknownOperatorError when an operator has no
    model, unless ``allow_unknown``: then the latency is a lower bound and ``coverage`` says how much is in it.
    """
    machine = platform.machine(precision(graph, platform, dtype))
    return predict_plan(plan(graph, machine), platform.digest, allow_unknown=allow_unknown)


def predict_plan(planned: Plan, platform_digest: str = "", *, allow_unknown: bool = False) -> Prediction:
    """Price a plan. Raises UnknownOperatorError as ``predict`` does."""
    if not allow_unknown:
        require_models(planned)
    kernels = [_predicted(planned, k) for k in planned.kernels if k.rule is not None]
    moved = transfers(planned)
    analytical_s, corrections = [k.cost.latency_s for k in kernels], [1.0] * len(kernels)
    if planned.machine.residual is not None:
        # Needs numpy, which the analytical part does without.
        from .residual import kernel_corrections

        corrections = kernel_corrections(planned, analytical_s)
    summary = summarize(planned, analytical_s, corrections, [t.cost.latency_s for t in moved])
    factor = kernel_factor(planned.machine, summary.unlikeness)
    kernels = [k._replace(correction=c, factor=factor) for k, c in zip(kernels, corrections)]
    return Prediction(
        summary=summary,
        platform_digest=platform_digest,
        reasons=planned.unsupported or planned.fallbacks,
        peak_memory_bytes=_peak_memory_bytes(planned),
        kernels=tuple(kernels + moved),
    )


def summarize(
    planned: Plan, analytical_s: Sequence[float], corrections: Sequence[float], transfers_s: Sequence[float]
) -> Summary:
    """The headline of a prediction.

    ``analytical_s`` are the times in seconds that the kernel models give for a plan's kernels, ``corrections`` the
    factors by which the residual multiplies them, ``transfers_s`` the times of the plan's transfers in seconds.
    """
    machine = planned.machine
    kernels_s = [time_s * factor for time_s, factor in zip(analytical_s, corrections)]
    latency_s = machine.inference_s + sum(transfers_s, sum(kernels_s))
    unlikeness, extrapolates_in = _place(planned, kernels_s)
    factor = network_factor(planned, kernels_s, latency_s, unlikeness)
    return Summary(
        model=planned.graph.name,
        platform=machine.name,
        dtype=machine.dtype,
        status=status(planned),
        latency_s=latency_s,
        lower_s=latency_s / factor,
        upper_s=latency_s * factor,
        analytical_s=machine.inference_s + sum(transfers_s, sum(analytical_s)),
        energy_j=_energy_j(planned, kernels_s, latency_s),
        coverage=coverage(planned),
        flags=_flags(planned, extrapolates_in),
        extrapolates_in=extrapolates_in,
        fixed_s=machine.inference_s,
        file_dtype=planned.graph.file_dtype,
        unlikeness=unlikeness,
        notes=planned.graph.notes,
    )


def status(planned: Plan) -> str:
    """The word of ``Summary.status`` that applies."""
    if planned.unsupported:
        return "cannot_run"
    if planned.fallbacks:
        return "falls_back"
    return "lower_bound" if any(k.rule is None for k in planned.kernels) else "ok"


def _flags(planned: Plan, extrapolates_in: str) -> tuple[str, ...]:
    """The flags of ``Summary.flags`` that apply."""
    file_dtype = planned.graph.file_dtype
    raised = {
        "lower_bound": any(k.rule is None for k in planned.kernels),
        "operators_omitted": bool(planned.machine.omitted) and any(map(is_omitted, planned.kernels)),
        "extrapolation": bool(extrapolates_in),
        "other_precision": file_dtype not in ("", planned.machine.dtype),
    }
    return tuple(flag for flag, applies in raised.items() if applies)


def _energy_j(planned: Plan, kernels_s: Sequence[float], latency_s: float) -> float | None:
    """The power of each processor times the time that it runs; None where one that runs has no known power."""
    own_w = planned.machine.active_w
    energy_j = None if own_w is None else latency_s * own_w
    for time_s, machine in zip(kernels_s, (k.machine for k in planned.kernels if k.rule is not None)):
        if machine is not planned.machine:
            if energy_j is None or own_w is None or machine.active_w is None:
                return None
            energy_j += time_s * (machine.active_w - own_w)
    return energy_j


def _place(planned: Plan, kernels_s: Sequence[float]) -> tuple[float, str]:
    """How unlike all calibrated networks a network is, from 0 to 1, and the quantity in which it extrapolates.

    0 and an empty text on a platform whose file does not describe the calibrated networks.
    """
    if planned.machine.domain is None or not kernels_s:
        return 0.0, ""
    # Needs numpy, which platforms that were not calibrated do without.
    from .extrapolation import place

    return place(planned, planned.machine.domain, kernels_s)


def _predicted(planned: Plan, kernel: Kernel) -> KernelPrediction:
    assert kernel.rule is not None
    layers = [planned.graph.layers[i] for i in kernel.layers]
    work = kernel.work
    elements = work.input_elements + work.output_elements + work.weight_elements
    return KernelPrediction(
        name=layers[0].name,
        ops=tuple(layer.op for layer in layers),
        layers=tuple(layer.name for layer in layers),
        processor=kernel.rule.processor,
        macs=int(work.macs),
        bytes_moved=int(elements * kernel.rule.roof.element_bytes),
        cost=kernel_cost(kernel.rule, work),
        on_host=kernel.machine is not planned.machine,
    )


def transfers(planned: Plan) -> list[KernelPrediction]:
    """Tensors that cross between processors, and the network's inputs and outputs where a link carries them.

    A result of the accelerator is converted element by element whether operators of the host read it or the user does.
    """
    graph, machine = planned.graph, planned.machine
    moved = [_transfer(graph, machine, CROSSING, c.tensor, machine.crossing) for c in planned.crossings]
    if machine.io_bytes_per_s is not None:
        link, converted = CrossingCost(0.0, 0.0, machine.io_bytes_per_s), converted_outputs(planned)
        converts = link._replace(s_per_element=machine.crossing.s_per_element)
        moved += [_transfer(graph, machine, HOST_IO, t, link) for t in graph.inputs]
        moved += [_transfer(graph, machine, HOST_IO, t, converts if t in converted else link) for t in graph.outputs]
    return moved


def converted_outputs(planned: Plan) -> frozenset[int]:
    """The network's outputs that the platform itself computes, and whose elements are converted on their way out."""
    layers = (i for kernel in planned.kernels if kernel.machine is planned.machine for i in kernel.layers)
    return frozenset(t for i in layers for t in planned.graph.layers[i].outputs if t in planned.graph.outputs)


def _transfer(graph: Graph, machine: Machine, what: str, tensor: int, path: CrossingCost) -> KernelPrediction:
    elements = prod(graph.tensors[tensor].shape)
    moved_bytes = elements * machine.element_bytes
    memory_s, convert_s = moved_bytes / path.bytes_per_s, path.s_per_element * elements
    cost = Cost(0.0, 0.0, memory_s, 0.0, convert_s, path.fixed_s, memory_s + convert_s + path.fixed_s)
    return KernelPrediction(graph.tensors[tensor].name, (what,), (), "link", 0, moved_bytes, cost)


def _peak_memory_bytes(planned: Plan) -> int:
    """Largest sum of tensors alive at one time, in execution order, parameters not counted."""
    graph, last = planned.graph, {}
    for index, layer in enumerate(graph.layers):
        for tensor in layer.inputs:
            last[tensor] = index
    end = len(graph.layers)
    dying: list[list[int]] = [[] for _ in range(end + 1)]
    for tensor, index in last.items():
        dying[end if tensor in graph.outputs else index].append(tensor)
    alive = sum(prod(graph.tensors[t].shape) for t in graph.inputs)
    peak = alive
    for index, layer in enumerate(graph.layers):
        alive += sum(prod(graph.tensors[t].shape) for t in layer.outputs)
        peak = max(peak, alive)
        alive -= sum(prod(graph.tensors[t].shape) for t in dying[index] if not graph.tensors[t].constant)
    return peak * planned.machine.element_bytes
