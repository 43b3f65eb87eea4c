"""The walk: graph -> lowered -> partitioned -> fused -> placed -> kernels -> costs -> prediction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from hwmodels import Platform, load
from hwmodels.platform import Machine, Rule

from .cost import Cost, Work, kernel_cost
from .fusion import fuse
from .graph import Graph
from .lowering import lower
from .partition import Crossing, partition
from .placement import place
from .work import work_of

BOUNDS = ("compute", "memory", "weights", "epilogue", "overhead")
"""Names of the bounds of a kernel, in the order of ``Cost``."""


class UnknownOperatorError(ValueError):
    """A network holds operators that no model of the platform covers."""


class Kernel(NamedTuple):
    """Layers that run as one: indices into the lowered graph, the rule they run under, and their work."""

    layers: tuple[int, ...]
    machine: Machine
    rule: Rule | None
    """None where the platform has no model for the operator."""
    work: Work


class Plan(NamedTuple):
    """Everything about a prediction that does not depend on rates: what runs where, as which kernels."""

    graph: Graph
    machine: Machine
    kernels: tuple[Kernel, ...]
    crossings: tuple[Crossing, ...]
    fallbacks: tuple[str, ...]
    dead_ends: tuple[str, ...]


class KernelPrediction(NamedTuple):
    """One kernel of a prediction. ``ops`` are the operators in it, ``layers`` their names, times in seconds."""

    name: str
    ops: tuple[str, ...]
    layers: tuple[str, ...]
    processor: str
    macs: int
    bytes_moved: int
    cost: Cost

    @property
    def latency_s(self) -> float:
        """Time of the kernel, dispatch included."""
        return self.cost.latency_s

    @property
    def bound(self) -> str:
        """Which bound is the longest: the explanation of the kernel."""
        times = self.cost[1:6]
        return BOUNDS[times.index(max(times))]


@dataclass(frozen=True)
class Prediction:
    """How long a network takes on a platform at one precision, and why. Times in seconds, energy in joules."""

    model: str
    platform: str
    platform_digest: str
    dtype: str
    status: str
    """ok, falls_back (some of it runs elsewhere, priced) or cannot_run (the analysis is still there)."""
    reasons: tuple[str, ...]
    flags: tuple[str, ...]
    latency_s: float
    lower_s: float
    upper_s: float
    """The 90 % interval."""
    energy_j: float | None
    peak_memory_bytes: int
    coverage: dict[str, float]
    """Share of macs, bytes and operators that a model covers; below 1 the latency is a lower bound."""
    kernels: tuple[KernelPrediction, ...]

    @cached_property
    def operators_s(self) -> float:
        """Sum of the kernels without host transfer and per-inference cost: the paper's block latency (appendix A)."""
        return sum(k.latency_s for k in self.kernels if k.ops != ("transfer",))


def plan(graph: Graph, machine: Machine) -> Plan:
    """Lower, partition, fuse and place a network. Raises PlatformError when the fallback platform does not exist."""
    lowered = lower(graph, machine)
    placed_on = partition(lowered, machine, _fallback_machine(machine))
    groups = fuse(lowered, placed_on.machines)
    placement = place(lowered, groups, placed_on.machines, machine)
    kernels = []
    for group, streamed in zip(groups, placement.streamed_elements):
        runs_on = placed_on.machines[group[0]]
        rule = runs_on.rules.get(lowered.layers[group[0]].op)
        kernels.append(Kernel(tuple(group), runs_on, rule, work_of(lowered, group, streamed)))
    return Plan(
        lowered,
        machine,
        tuple(kernels),
        placed_on.crossings,
        placed_on.fallbacks,
        placed_on.dead_ends + placement.dead_ends,
    )


def predict(graph: Graph, platform: Platform, dtype: str | None = None, *, allow_unknown: bool = False) -> Prediction:
    """Predict the latency of ``graph`` on ``platform`` at ``dtype`` (the platform's default where None).

    Raises PlatformError for a precision that the platform lacks, and UnknownOperatorError when an operator has no
    model, unless ``allow_unknown``: then the latency is a lower bound and ``coverage`` says how much is in it.
    """
    return predict_plan(plan(graph, platform.machine(dtype)), platform.digest, allow_unknown=allow_unknown)


def predict_plan(planned: Plan, platform_digest: str = "", *, allow_unknown: bool = False) -> Prediction:
    """Price a plan. Raises UnknownOperatorError as ``predict`` does."""
    graph, machine = planned.graph, planned.machine
    unknown = [k for k in planned.kernels if k.rule is None]
    if unknown and not allow_unknown:
        layer = planned.graph.layers[unknown[0].layers[0]]
        raise UnknownOperatorError(
            f"{graph.name}: layer '{layer.name}': no model for operator '{layer.op}' on {machine.name}; "
            "allow_unknown gives a lower bound without it"
        )
    kernels = [_predicted(planned.graph, k) for k in planned.kernels if k.rule is not None]
    kernels += _transfers(planned)
    latency_s = machine.inference_s + sum(k.cost.latency_s for k in kernels)
    factor = machine.uncertainty_factor
    status = "cannot_run" if planned.dead_ends else "falls_back" if planned.fallbacks else "ok"
    return Prediction(
        model=graph.name,
        platform=machine.name,
        platform_digest=platform_digest,
        dtype=machine.dtype,
        status=status,
        reasons=planned.dead_ends or planned.fallbacks,
        flags=("lower_bound",) if unknown else (),
        latency_s=latency_s,
        lower_s=latency_s / factor,
        upper_s=latency_s * factor,
        energy_j=None if machine.active_w is None else latency_s * machine.active_w,
        peak_memory_bytes=_peak_memory_bytes(planned),
        coverage=_coverage(planned),
        kernels=tuple(kernels),
    )


def rebind(planned: Plan, machine: Machine) -> Plan:
    """The same plan at other rates: ``machine`` differs from the plan's own in numbers only, not in rules."""
    kernels = tuple(
        k._replace(machine=machine, rule=machine.rules.get(planned.graph.layers[k.layers[0]].op))
        if k.machine is planned.machine
        else k
        for k in planned.kernels
    )
    return planned._replace(machine=machine, kernels=kernels)


def _fallback_machine(machine: Machine) -> Machine | None:
    if machine.fallback is None:
        return None
    platform = load(machine.fallback)
    return platform.machine(machine.dtype if machine.dtype in platform.dtypes else None)


def _predicted(graph: Graph, kernel: Kernel) -> KernelPrediction:
    assert kernel.rule is not None
    layers = [graph.layers[i] for i in kernel.layers]
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
    )


def _transfers(planned: Plan) -> list[KernelPrediction]:
    """Tensors that cross between processors, and the network's inputs and outputs where a link carries them."""
    graph, machine = planned.graph, planned.machine
    boundary = machine.boundary
    moved = [(c.tensor, boundary.fixed_s, boundary.s_per_element, boundary.bytes_per_s) for c in planned.crossings]
    if machine.io_bytes_per_s is not None:
        moved += [(t, 0.0, 0.0, machine.io_bytes_per_s) for t in (*graph.inputs, *graph.outputs)]
    return [_transfer(graph, machine, *item) for item in moved]


def _transfer(
    graph: Graph, machine: Machine, tensor: int, fixed_s: float, s_per_element: float, bytes_per_s: float
) -> KernelPrediction:
    elements = _elements(graph.tensors[tensor].shape)
    moved_bytes = elements * machine.element_bytes
    memory_s, convert_s = moved_bytes / bytes_per_s, s_per_element * elements
    cost = Cost(0.0, 0.0, memory_s, 0.0, convert_s, fixed_s, memory_s + convert_s + fixed_s)
    return KernelPrediction(graph.tensors[tensor].name, ("transfer",), (), "link", 0, moved_bytes, cost)


def _elements(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _coverage(planned: Plan) -> dict[str, float]:
    total = {"macs": 0.0, "bytes": 0.0, "operators": 0.0}
    covered = dict(total)
    for kernel in planned.kernels:
        work = kernel.work
        amounts = (work.macs, work.input_elements + work.output_elements + work.weight_elements, len(kernel.layers))
        for key, amount in zip(total, amounts):
            total[key] += amount
            covered[key] += amount if kernel.rule is not None else 0.0
    return {key: covered[key] / total[key] if total[key] else 1.0 for key in total}


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
    alive = sum(_elements(graph.tensors[t].shape) for t in graph.inputs)
    peak = alive
    for index, layer in enumerate(graph.layers):
        alive += sum(_elements(graph.tensors[t].shape) for t in layer.outputs)
        peak = max(peak, alive)
        alive -= sum(_elements(graph.tensors[t].shape) for t in dying[index] if not graph.tensors[t].constant)
    return peak * planned.machine.element_bytes
