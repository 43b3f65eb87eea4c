"""The roofline of a prediction: every kernel that multiplies, below the roofs of the processor that runs it."""

from __future__ import annotations

from typing import NamedTuple

from stairline.hwmodels.kernels.base import Roof
from stairline.simulator.mapping.plan import Plan
from stairline.simulator.pricing.prediction import KernelPrediction, Prediction

from .axes import BOTTOM, LEFT, RIGHT, TOP, Tick, decade_ticks, decades
from .words import hover


class Mark(NamedTuple):
    """One kernel: its place, the radius that grows with its time, the bound that limits it."""

    x: float
    y: float
    radius: float
    bound: str
    title: str


class RoofLine(NamedTuple):
    """One roof from left to right: up the slope of the memory, then level at the peak."""

    path: str
    label: str
    label_y: float
    on_host: bool


class Roofline(NamedTuple):
    """All marks, roofs and ticks of the figure."""

    marks: tuple[Mark, ...]
    roofs: tuple[RoofLine, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    without_macs: int
    """Kernels that are not shown, because they multiply nothing."""


def roofline(planned: Plan, prediction: Prediction) -> Roofline | None:
    """The figure; None for a network of which no kernel multiplies."""
    shown = [k for k in prediction.kernels if k.macs and k.latency_s]
    if not shown:
        return None
    roofs = _roofs(planned)
    intensities = [k.macs / k.bytes_moved for k in shown]
    ridges = [roof.macs_per_s / roof.bytes_per_s for roof in roofs.values()]
    x = decades([*intensities, *ridges], LEFT, RIGHT)
    y = decades([*(k.macs / k.latency_s for k in shown), *(roof.macs_per_s for roof in roofs.values())], BOTTOM, TOP)
    longest_s = max(k.latency_s for k in shown)
    marks = [_mark(k, x.place(i), y.place(k.macs / k.latency_s), longest_s) for k, i in zip(shown, intensities)]
    lines = []
    for (name, on_host), roof in roofs.items():
        start = max(x.low, y.low / roof.bytes_per_s)
        ridge = roof.macs_per_s / roof.bytes_per_s
        places = ((start, start * roof.bytes_per_s), (ridge, roof.macs_per_s), (x.high, roof.macs_per_s))
        path = " ".join(f"{x.place(i)},{y.place(rate)}" for i, rate in places if i <= x.high)
        lines.append(RoofLine(path, name, y.place(roof.macs_per_s), on_host))
    return Roofline(
        tuple(sorted(marks, key=lambda mark: -mark.radius)),
        tuple(lines),
        decade_ticks(x),
        decade_ticks(y),
        sum(not k.macs for k in prediction.kernels),
    )


def _roofs(planned: Plan) -> dict[tuple[str, bool], Roof]:
    """The roofs of each processor that multiplies, the highest where kernels meet different ones."""
    found: dict[tuple[str, bool], Roof] = {}
    for kernel in planned.kernels:
        if kernel.rule is not None and kernel.work.macs:
            name = (kernel.rule.processor, kernel.machine is not planned.machine)
            roof = kernel.rule.roof
            best = max((found.get(name, roof), roof), key=lambda one: (one.macs_per_s, one.bytes_per_s))
            found[name] = best
    return found


def _mark(kernel: KernelPrediction, x: float, y: float, longest_s: float) -> Mark:
    radius = 2.0 + 6.0 * (kernel.latency_s / longest_s) ** 0.5
    return Mark(x, y, round(radius, 1), "host" if kernel.on_host else kernel.bound, hover(kernel))
