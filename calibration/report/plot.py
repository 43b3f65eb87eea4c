"""The figures of a calibration report. matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stairline.calibration.probing.steps import Steps
from stairline.measure.figures.style import BAD, COLOURS, INK, as_svg, drawing, legend, short_name
from stairline.simulator.pricing.arrays import Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_VECTORS = 1000
"""Points up to which each is a shape of its own; beyond, they are one picture."""
_NAMED = 20
"""Networks that are named at most."""
_FEW = 10
"""Networks up to which all are named."""
_LETTER, _LINE = 6.0, 10.0
"""Width of a letter and height of a line of names beside points, in dots."""
_BAND = 0.1
"""Relative error up to which a prediction counts as good."""
_MOST_MULTIPLES = 64
"""Steps up to which each is marked."""


class Roofs(NamedTuple):
    """What bounds a precision: MAC/s, bytes/s of the memory and of the caches before it, and a reachable share."""

    dtype: str
    macs_per_s: float
    bytes_per_s: float
    cache_bytes_per_s: float
    """Infinite without any."""
    efficiency: float | None
    """Share of ``macs_per_s`` that kernels reach; None where no such share is fitted."""


class Staircase(NamedTuple):
    """A sweep: what was measured and predicted at the values of a setting, in seconds, and the steps of the former."""

    title: str
    setting: str
    measured: tuple[tuple[int, float], ...]
    predicted: tuple[tuple[int, float], ...]
    steps: Steps


def errors_figure(names: Sequence[str], observed_s: Vector, log_errors: Vector) -> str:
    """Predicted against measured, held out, and the errors with the networks that are furthest off by name."""
    with drawing(11.0, 4.2) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.6])
        observed_ms, errors = observed_s * 1e3, np.expm1(log_errors)
        dots = {"s": _size(len(names)), "linewidths": 0, "alpha": 0.55, "rasterized": len(names) > MOST_VECTORS}
        colours = np.where(np.abs(errors) <= _BAND, COLOURS[0], BAD)
        left.scatter(observed_ms, observed_ms * (1 + errors), c=colours, **dots)
        ends = np.array([0.9 * observed_ms.min(), 1.1 * observed_ms.max()])
        left.fill_between(ends, ends * (1 - _BAND), ends * (1 + _BAND), color=INK, alpha=0.1, linewidth=0)
        left.plot(ends, ends, color=INK, linewidth=0.6)
        left.set(title="Predicted against measured", xlabel="measured (ms)", ylabel="predicted, held out (ms)")
        _logarithmic(left, "xy")
        right.axhspan(-100 * _BAND, 100 * _BAND, color=INK, alpha=0.1, linewidth=0)
        right.axhline(0, color=INK, linewidth=0.6)
        right.scatter(observed_ms, 100 * errors, c=colours, **dots)
        right.set(title="Error: the furthest off by name", xlabel="measured (ms)", ylabel="error (%)")
        _logarithmic(right, "x")
        _name_outliers(right, names, observed_ms, 100 * errors)
        return as_svg(figure)


def kinds_figure(errors: Sequence[tuple[str, Vector, Vector | None]]) -> str:
    """Spread of the errors by kind of network: of held-out folds, and with the family left out where that was done."""
    with drawing(5.4, 0.9 + 0.3 * len(errors)) as figure:
        axes = figure.subplots()
        for place, (_, folds, outside) in enumerate(errors):
            _spread(axes, place - (0.15 if outside is not None else 0.0), folds, COLOURS[0])
            if outside is not None:
                _spread(axes, place + 0.15, outside, COLOURS[1])
        axes.axvspan(-100 * _BAND, 100 * _BAND, color=INK, alpha=0.1, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_yticks(range(len(errors)), [f"{short_name(name)} ({len(folds)})" for name, folds, _ in errors])
        axes.set(title="Error by kind of network (%)", ylim=(len(errors) - 0.5, -0.5))
        kinds = [("held out", COLOURS[0])]
        kinds += [("family left out", COLOURS[1])] if any(e[2] is not None for e in errors) else []
        legend(axes, kinds)
        return as_svg(figure)


def operators_figure(ops: Sequence[str], shares: Vector, errors: Vector, spread: Vector) -> str:
    """Mean share of the predicted time by operator, and what it would have to be off by; all as fractions."""
    with drawing(5.4, 0.9 + 0.3 * len(ops)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        places = np.arange(len(ops))
        left.barh(places, 100 * shares, color=COLOURS[0], height=0.6)
        left.set(title="Share of time (%)", ylim=(len(ops) - 0.5, -0.5))
        left.set_yticks(places, [short_name(op) for op in ops])
        right.axvline(0, color=INK, linewidth=0.6)
        clear = 2 * spread < np.abs(errors)
        widest = _widest(100 * errors[clear])
        shown = np.clip(100 * errors, -widest, widest)
        right.errorbar(shown, places, xerr=200 * spread, fmt="none", ecolor=INK, elinewidth=0.7, capsize=2)
        for marker, own in (("o", shown == 100 * errors), ("<", shown > 100 * errors), (">", shown < 100 * errors)):
            right.scatter(
                shown[own], places[own], c=np.where(clear[own], BAD, COLOURS[-1]), s=22, zorder=3, marker=marker
            )
        right.set(title="Error of its time (%)", xlim=(-1.1 * widest, 1.1 * widest))
        right.tick_params(left=False)
        return as_svg(figure)


def roofline_figure(intensity: Vector, macs_per_s: Vector, kinds: Sequence[str], roofs: Sequence[Roofs]) -> str:
    """Achieved MAC/s over arithmetic intensity in MAC/byte, coloured by ``kinds``, under the roofs."""
    with drawing(5.4, 4.2) as figure:
        axes = figure.subplots()
        common = sorted(dict.fromkeys(kinds), key=lambda kind: -list(kinds).count(kind))[: len(COLOURS) - 1]
        colour = dict(zip(common, COLOURS))
        axes.scatter(
            *(intensity, macs_per_s / 1e9),
            c=[colour.get(kind, COLOURS[-1]) for kind in kinds],
            s=_size(len(kinds)),
            linewidths=0,
            alpha=0.6,
            rasterized=len(kinds) > MOST_VECTORS,
        )
        ridges = [roof.macs_per_s / rate for roof in roofs for rate in (roof.bytes_per_s, roof.cache_bytes_per_s)]
        ridges = [ridge for ridge in ridges if ridge > 0.0]
        ends = np.array([0.7 * min(intensity.min(), *ridges), 1.4 * max(intensity.max(), *ridges)])
        for roof in roofs:
            _roof(axes, roof, ends, f" {roof.dtype}" if len(roofs) > 1 else "")
        axes.set(title="Roofline, measured", xlabel="arithmetic intensity (MAC/byte)", ylabel="GMAC/s", xlim=ends)
        _logarithmic(axes, "xy")
        others = [("others", COLOURS[-1])] if len(set(kinds)) > len(common) else []
        legend(axes, [*colour.items(), *others], "lower right")
        return as_svg(figure)


def staircases_figure(staircases: Sequence[Staircase]) -> str:
    """Measured and predicted latency over a swept setting, a panel each, with the edges found in the measurements."""
    rows = -(-len(staircases) // 2)
    with drawing(11.0, 2.6 * rows) as figure:
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, staircase in zip(panels, staircases):
            _mark_steps(axes, staircase)
            axes.plot(*_ms(staircase.predicted), color=INK, linewidth=0.9, drawstyle="steps-post")
            axes.plot(*_ms(staircase.measured), ".", color=COLOURS[0], markersize=4)
            axes.set(title=short_name(staircase.title, 60), xlabel=_found(staircase), ylabel="ms")
            axes.set_ylim(bottom=0)
        for axes in panels[len(staircases) :]:
            axes.set_visible(False)
        kinds = [("measured", COLOURS[0]), ("predicted", INK), ("step, measured", COLOURS[1]), ("cliff, measured", BAD)]
        legend(panels[0], kinds, "upper left")
        return as_svg(figure)


def _logarithmic(axes: Axes, which: str) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for one in which:
        axes.set(**{f"{one}scale": "log"})
        axis = getattr(axes, f"{one}axis")
        low, high = sorted(axis.get_view_interval())
        marks = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
        axis.set_major_locator(LogLocator(subs=marks, numticks=20))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _name_outliers(axes: Axes, names: Sequence[str], at_ms: Vector, errors: Vector) -> None:
    """Name the worst outside the band, or all of a few, but none over the name of a worse one."""
    places = axes.transData.transform(np.column_stack([at_ms, errors]))
    middle = axes.transAxes.transform((0.5, 0.0))[0]
    least = 100 * _BAND if len(names) > _FEW else 0.0
    named: list[tuple[float, float, float]] = []
    for i in np.argsort(-np.abs(errors), kind="stable")[:_NAMED]:
        (x, y), name = places[i], short_name(names[i])
        left = x - len(name) * _LETTER if x > middle else x
        right = left + len(name) * _LETTER
        free = all(
            right < other_left or other_right < left or abs(y - v) > _LINE for other_left, other_right, v in named
        )
        if abs(errors[i]) > least and free:
            named.append((left, right, y))
            axes.annotate(
                name,
                (float(at_ms[i]), float(errors[i])),
                (-4 if x > middle else 4, 3),
                textcoords="offset points",
                ha="right" if x > middle else "left",
                fontsize=7,
            )


def _spread(axes: Axes, place: float, log_errors: Vector, colour: str) -> None:
    """5 to 95 % as a line, quartiles as a bar, the median as a dot; each one where there are few."""
    errors = 100 * np.expm1(log_errors)
    if len(errors) < 5:
        axes.plot(errors, np.full(len(errors), place), "o", color=colour, markersize=3)
        return
    low, first, middle, third, high = np.percentile(errors, [5, 25, 50, 75, 95])
    axes.plot([low, high], [place, place], color=colour, linewidth=0.8)
    axes.plot([first, third], [place, place], color=colour, linewidth=4, solid_capstyle="butt", alpha=0.6)
    axes.plot([middle], [place], "o", color=colour, markersize=3.5)


def _mark_steps(axes: Axes, staircase: Staircase) -> None:
    """Mark the multiples of the width that measurements show, else the edges; and the cliffs."""
    steps, (first, last) = staircase.steps, (staircase.measured[0][0], staircase.measured[-1][0])
    multiples = range(-(-first // steps.width) * steps.width, last, steps.width) if steps.width else ()
    if len(multiples) <= _MOST_MULTIPLES:
        for multiple in multiples:
            axes.axvline(multiple + 0.5, color=COLOURS[1], linewidth=0.6, alpha=0.7)
    marked = [(edge, COLOURS[1]) for edge in steps.edges if not steps.width] + [(cliff, BAD) for cliff in steps.cliffs]
    for edge, colour in marked:
        axes.axvspan(edge.before, edge.after, color=colour, alpha=0.25, linewidth=0)


def _found(staircase: Staircase) -> str:
    """The label of the swept setting, with the width that measurements show."""
    width, by_fit = staircase.steps.width, ", by a fit" if staircase.steps.fitted is not None else ""
    return f"{staircase.setting}: {f'measured steps of {width}{by_fit}' if width else 'no single step width'}"


def _roof(axes: Axes, roof: Roofs, ends: Vector, label: str) -> None:
    peak, ridge = roof.macs_per_s / 1e9, roof.macs_per_s / roof.bytes_per_s
    axes.plot([ends[0], ridge, ends[1]], [ends[0] * roof.bytes_per_s / 1e9, peak, peak], color=INK, linewidth=1.0)
    axes.plot([ridge], [peak], "o", color=INK, markersize=4)
    axes.annotate(
        f"ridge {ridge:.3g} MAC/byte", (ridge, peak), (0, 5), textcoords="offset points", fontsize=7, ha="center"
    )
    axes.annotate(
        f"{peak:.4g} GMAC/s{label}", (ends[1], peak), (-2, 5), textcoords="offset points", fontsize=7, ha="right"
    )
    if np.isfinite(roof.cache_bytes_per_s):
        cached = roof.macs_per_s / roof.cache_bytes_per_s
        axes.plot([ends[0], cached], [ends[0] * roof.cache_bytes_per_s / 1e9, peak], color=INK, linewidth=0.8, ls=":")
    if roof.efficiency is not None and roof.efficiency < 1:
        axes.plot(
            [roof.efficiency * ridge, ends[1]], [roof.efficiency * peak] * 2, color=INK, linewidth=0.8, linestyle="--"
        )


def _ms(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [value for value, _ in points], [1e3 * time_s for _, time_s in points]


def _widest(errors: Vector) -> float:
    """How far to show these errors in percent: never less than 10 nor more than 150."""
    return min(max(1.3 * float(np.max(np.abs(errors), initial=0.0)), 10.0), 150.0)


def _size(points: int) -> float:
    return 14.0 if points < 200 else 6.0 if points <= MOST_VECTORS else 3.0
