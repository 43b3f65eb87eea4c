"""Curves over one axis, as one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .axes import BOTTOM, LEFT, RIGHT, TOP, Axis, Tick, round_ticks


class Curve(NamedTuple):
    """One line of a figure and its name; ``place`` is its number, by which it is told apart."""

    name: str
    path: str
    place: int


class Figure(NamedTuple):
    """All lines of a figure, its ticks and its words."""

    title: str
    x_title: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def figure(title: str, x_title: str, xs: Sequence[float], series_s: Mapping[str, Sequence[float]]) -> Figure:
    """Times in seconds over ``xs``, shown in milliseconds from 0."""
    highest_ms = 1e3 * max(max(times_s) for times_s in series_s.values())
    x, y = Axis(min(xs), max(xs), LEFT, RIGHT), Axis(0.0, 1.05 * highest_ms or 1.0, BOTTOM, TOP)
    curves = tuple(
        Curve(name, " ".join(f"{x.place(at)},{y.place(time_s * 1e3)}" for at, time_s in zip(xs, times_s)), place)
        for place, (name, times_s) in enumerate(series_s.items())
    )
    return Figure(title, x_title, curves, round_ticks(x), round_ticks(y))
