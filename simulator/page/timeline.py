"""The kernels and transfers of a prediction in the order in which they take place, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from stairline.simulator.mapping.plan import Plan
from stairline.simulator.pricing.prediction import CROSSING, HOST_IO, KernelPrediction, Prediction


class Event(NamedTuple):
    """One kernel or transfer, and when it begins, in seconds from the start of the inference."""

    kernel: KernelPrediction
    start_s: float


def timeline(planned: Plan, prediction: Prediction) -> tuple[Event, ...]:
    """All kernels and transfers behind the cost of one inference; they end when the latency does.

    A crossing follows the kernel that produces its tensor; inputs come first and outputs last.
    """
    at_s, events = prediction.fixed_s, []
    for kernel in _in_order(planned, prediction):
        events.append(Event(kernel, at_s))
        at_s += kernel.latency_s
    return tuple(events)


def _in_order(planned: Plan, prediction: Prediction) -> Iterator[KernelPrediction]:
    graph, found = planned.graph, prediction.kernels
    crossings = [k for k in found if k.ops == (CROSSING,)]
    behind: dict[str, list[KernelPrediction]] = {}
    for crossing, moved in zip(planned.crossings, crossings, strict=True):
        behind.setdefault(graph.layers[crossing.after].name, []).append(moved)
    links = [k for k in found if k.ops == (HOST_IO,)]
    yield from links[: len(graph.inputs)]
    for kernel in found:
        if kernel.ops not in ((CROSSING,), (HOST_IO,)):
            yield kernel
            for layer in kernel.layers:
                yield from behind.pop(layer, ())
    # What a layer without a model produces crosses as well.
    for left in behind.values():
        yield from left
    yield from links[len(graph.inputs) :]


def chrome_trace(events: tuple[Event, ...], prediction: Prediction) -> dict[str, Any]:
    """The timeline in the trace event format of Chrome, which Perfetto opens: a row for each processor, times in us."""
    s = prediction.summary
    rows = {name: row for row, name in enumerate(dict.fromkeys(event.kernel.processor for event in events), 1)}
    named = [_named("process_name", 0, f"{s.model} on {s.platform}, {s.dtype}")]
    named += [_named("thread_name", row, name) for name, row in rows.items()]
    fixed = [_complete("per inference", 1, 0.0, prediction.fixed_s, {})] if prediction.fixed_s else []
    traced = [_traced(event, rows[event.kernel.processor]) for event in events]
    return {"displayTimeUnit": "ms", "traceEvents": [*named, *fixed, *traced]}


def _traced(event: Event, row: int) -> dict[str, Any]:
    kernel = event.kernel
    about = {
        "operators": "+".join(kernel.ops),
        "layers": list(kernel.layers),
        "macs": kernel.macs,
        "bytes": kernel.bytes_moved,
        "limited_by": kernel.bound,
        **{f"{name}_us": time_s * 1e6 for name, time_s in kernel.cost.bounds_s.items()},
    }
    return _complete(kernel.name, row, event.start_s, kernel.latency_s, about)


def _complete(name: str, row: int, start_s: float, duration_s: float, about: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ph": "X", "pid": 1, "tid": row, "ts": start_s * 1e6, "dur": duration_s * 1e6, "args": about}


def _named(what: str, row: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": 1, "tid": row, "args": {"name": name}}


def node_data(prediction: Prediction, graph_id: str) -> dict[str, Any]:
    """Milliseconds by layer in the node data format of Model Explorer, light to dark by time.

    A kernel's time stands at its first layer; those fused behind it have 0.
    """
    results: dict[str, dict[str, float]] = {}
    for kernel in prediction.kernels:
        for place, layer in enumerate(kernel.layers):
            results[layer] = {"value": 0.0 if place else kernel.latency_s * 1e3}
    gradient = [{"stop": 0.0, "bgColor": "#f7fbff"}, {"stop": 1.0, "bgColor": "#d55e00"}]
    return {graph_id: {"results": results, "gradient": gradient}}
