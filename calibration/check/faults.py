"""Faults of the measurement itself, that no model of a device explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from statistics import median
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import Work
from stairline.simulator.graph.graph import Graph

from .measured import MeasuredNetwork
from .rows import Row

_ORDER = (("min_ms",), ("p10_ms",), ("p50_ms", "median_ms"), ("p90_ms",), ("p95_ms",), ("p99_ms",), ("max_ms",))
"""Quantiles in their order; names of the same quantile stand together."""
_SUM_OFF = 0.25
"""Share of an inference by which its operators may miss it: profilers cost time, and gaps lie between kernels."""
_MEAN_OFF = 0.2
_FEWEST = 8
"""Values below which nothing is said of a clock or a drift."""
_MACS_OFF = 0.02


class Fault(NamedTuple):
    """A fault of a kind that ``causes.FAULTS`` lists, of one network or of the file (an empty name)."""

    kind: str
    net: str
    detail: str


def faults(
    networks: Sequence[MeasuredNetwork], graphs: Sequence[Graph | None], rows: Sequence[Row], platform: Platform
) -> list[Fault]:
    """All faults, network by network and then of the file."""
    found: list[Fault] = []
    for measured, graph in zip(networks, graphs):
        found += _of_one(measured)
        if graph is not None and measured.macs is not None:
            own = _macs(graph)
            if abs(measured.macs / max(own, 1) - 1.0) > _MACS_OFF:
                detail = f"{measured.macs:g} MACs are stated, {own:g} are in the network of that name"
                found.append(Fault("wrong_network", measured.net, detail))
    found += _below_bound(networks, rows, platform)
    found += _of_file(networks, rows)
    return found


def _macs(graph: Graph) -> int:
    """The multiply-accumulates of a network as it is written."""
    return sum(graph.counts(layer).macs for layer in graph.layers)


def _of_one(measured: MeasuredNetwork) -> Iterator[Fault]:
    stated = dict(measured.statistics_s)
    known = [(name, stated[name]) for names in _ORDER for name in names if name in stated]
    for (low, least), (high, most) in pairwise(known):
        if least > most * (1.0 + 1e-9):
            detail = f"{low} {1e3 * least:g} is above {high} {1e3 * most:g}"
            yield Fault("quantiles_out_of_order", measured.net, detail)
    middle = stated.get("median_ms") or stated.get("p50_ms") or measured.latency_s
    mean = stated.get("mean_ms")
    if mean and middle and abs(mean / middle - 1.0) > _MEAN_OFF:
        detail = f"the mean, {1e3 * mean:g} ms, is {mean / middle:.2f} times the median"
        yield Fault("mean_far_from_median", measured.net, detail)
    if measured.operators and measured.latency_s is not None:
        total = sum(record.latency_s for record in measured.operators)
        if abs(total / measured.latency_s - 1.0) > _SUM_OFF:
            detail = f"operators add up to {1e3 * total:.4g} ms, the inference takes {1e3 * measured.latency_s:.4g} ms"
            yield Fault("sum_not_total", measured.net, detail)
    if len(measured.runs_s) >= 2 * _FEWEST:
        third = len(measured.runs_s) // 3
        ratio = median(measured.runs_s[-third:]) / median(measured.runs_s[:third])
        if abs(log(ratio)) > 0.1:
            yield Fault("drift", measured.net, f"the last runs take {ratio:.2f} times what the first ones do")


def _below_bound(networks: Sequence[MeasuredNetwork], rows: Sequence[Row], platform: Platform) -> Iterator[Fault]:
    """Rows that are quicker than their multiply-accumulates at the processor's peak."""
    for row in rows:
        measured = row.joined.measured_s
        works = [p.work for p in row.joined.parts if p.work is not None]
        if not measured or not works or row.joined.dtype not in platform.dtypes:
            continue
        bound_s = _bound_s(works, platform, row.joined.dtype)
        if measured < 0.9 * bound_s:
            name = networks[row.joined.net].net
            what = row.joined.kernel or "the network"
            detail = f"{what}: {1e3 * measured:.4g} ms, and its work takes {1e3 * bound_s:.4g} ms at the peak rate"
            yield Fault("below_bound", name, detail)


def _bound_s(works: Sequence[Work], platform: Platform, dtype: str) -> float:
    rules = platform.machine(dtype).rules.values()
    peak = max(rule.roof.macs_per_s for rule in rules)
    return sum(work.macs for work in works) / peak


def _of_file(networks: Sequence[MeasuredNetwork], rows: Sequence[Row]) -> Iterator[Fault]:
    times = [n.latency_s for n in networks if n.latency_s] + [r.latency_s for n in networks for r in n.operators]
    step = _clock_step_s(times)
    if step is not None:
        steps = median(times) / step
        detail = f"all {len(times)} times are multiples of {1e3 * step:g} ms, and the median is {steps:.0f} of them"
        yield Fault("coarse_clock", "", detail)
    for row in rows:
        ratio = row.log_ratio
        power = round(ratio / log(1e3)) if ratio is not None else 0
        if ratio is not None and power and abs(ratio - power * log(1e3)) < log(6.0):
            detail = f"{row.joined.kernel or 'the network'} is {1e3**power:g} times what is predicted"
            yield Fault("unit", networks[row.joined.net].net, detail)


def _clock_step_s(times: Sequence[float]) -> float | None:
    """The step of a clock that shows: a power of ten (or five of it) that divides all times, few of them to a time."""
    if len(times) < _FEWEST:
        return None
    for step in (5e-2, 1e-2, 5e-3, 1e-3, 5e-4, 1e-4, 1e-5, 1e-6):
        whole = [abs(t / step - round(t / step)) < 1e-6 for t in times]
        if all(whole):
            return step if median(times) / step < 12 else None
    return None
