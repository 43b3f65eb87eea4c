"""The network as its kernels in execution order, in the partitions that one processor runs."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from stairline.hwmodels.kernels.base import BOUNDS
from stairline.simulator.pricing.prediction import CROSSING, HOST_IO, KernelPrediction
from stairline.simulator.reports.digits import prefixed, three_digits

from .timeline import Event
from .words import hover

_MOST_ROWS = 1000
"""Kernels listed: a row takes some 400 bytes of the page."""
HOST, LINK = "host", "link"
"""Kinds of partitions beside those of the platform itself: its fallback processor, and what moves tensors."""


class Piece(NamedTuple):
    """The share of one bound, in percent of the longest kernel."""

    bound: str
    percent: float


class Row(NamedTuple):
    """One kernel of the list, and its place in the strip in percent of the latency."""

    name: str
    operators: str
    macs: str
    milliseconds: str
    bound: str
    pieces: tuple[Piece, ...]
    start_percent: float
    percent: float
    brief: str
    """Name and time, for the strip."""
    title: str


class Part(NamedTuple):
    """Kernels that follow each other on one processor."""

    kind: str
    """The empty text for the platform itself, else ``HOST`` or ``LINK``."""
    title: str
    milliseconds: str
    rows: tuple[Row, ...]


def longest(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events that take the most time, in execution order: few enough for a page."""
    if len(events) <= _MOST_ROWS:
        return events
    least_s = sorted((event.kernel.latency_s for event in events), reverse=True)[_MOST_ROWS - 1]
    return tuple(event for event in events if event.kernel.latency_s >= least_s)[:_MOST_ROWS]


def parts(events: tuple[Event, ...], latency_s: float) -> tuple[Part, ...]:
    """The partitions of a network in execution order."""
    longest_s = max((event.kernel.latency_s for event in events), default=0.0)
    found = []
    for (kind, what), run in groupby(events, key=lambda event: (_kind(event.kernel), _what(event.kernel))):
        own = list(run)
        processors = ", ".join(dict.fromkeys(event.kernel.processor for event in own))
        rows = tuple(_row(event, longest_s, latency_s) for event in own)
        total_s = sum(event.kernel.latency_s for event in own)
        found.append(Part(kind, what or processors, three_digits(total_s * 1e3), rows))
    return tuple(found)


def _kind(kernel: KernelPrediction) -> str:
    if kernel.ops in ((CROSSING,), (HOST_IO,)):
        return LINK
    return HOST if kernel.on_host else ""


def _what(kernel: KernelPrediction) -> str:
    """What a partition is called; the empty text where its processors are its name."""
    if kernel.ops == (CROSSING,):
        return "between the processors"
    if kernel.ops == (HOST_IO,):
        return "host link"
    return f"fallback: {kernel.processor}" if kernel.on_host else ""


def _row(event: Event, longest_s: float, latency_s: float) -> Row:
    kernel = event.kernel
    bounds_s = kernel.cost.bounds_s
    total_s = sum(bounds_s.values())
    width = 100.0 * kernel.latency_s / longest_s if longest_s else 0.0
    pieces = tuple(Piece(b, round(width * bounds_s[b] / total_s, 2)) for b in BOUNDS if total_s and bounds_s[b])
    return Row(
        kernel.name,
        " + ".join(kernel.ops),
        prefixed(kernel.macs) if kernel.macs else "",
        three_digits(kernel.latency_s * 1e3),
        kernel.bound if kernel.latency_s else "",
        pieces,
        round(100.0 * event.start_s / latency_s, 3) if latency_s else 0.0,
        round(100.0 * kernel.latency_s / latency_s, 3) if latency_s else 0.0,
        f"{kernel.name}: {three_digits(kernel.latency_s * 1e3)} ms",
        hover(kernel),
    )
