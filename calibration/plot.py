"""The figures of a calibration report. matplotlib is imported when something is drawn.

Lines and texts are drawn in ``INK``, which the page replaces by its own text colour, so that a figure is readable on a
light page and on a dark one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .pricing import Vector
from .steps import Steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
COLOURS = ("#3b82c4", "#d9822b", "#2f9e6e", "#b8529e", "#8a6fd1", "#8a8a8a")
"""Readable on white and on near black, and told apart by the colour-blind; the last is for everything else."""
BAD = "#d8503c"

MOST_VECTORS = 1000
"""Points up to which each is a shape of its own; beyond, they are one picture."""
_NAMED = 20
_FEW = 10
"""Networks up to which all are named."""
_LONGEST_NAME = 28
_NAME_WIDTH, _NAME_HEIGHT = 90.0, 10.0
"""Room of a name beside a point, in dots."""
_BAND = 0.1
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "stairline",
    "text.parse_math": False,
    "savefig.dpi": 180,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK
    ),
}


class Roofs(NamedTuple):
    """What bounds a precision: MAC/s and bytes/s, and the share of the first that the slowest-growing kernels reach."""

    dtype: str
    macs_per_s: float
    bytes_per_s: float
    efficiency: float | None


class Staircase(NamedTuple):
    """A sweep: what was measured and predicted at the values of a setting, in seconds, and the steps of the former."""

    title: str
    setting: str
    measured: tuple[tuple[int, float], ...]
    predicted: tuple[tuple[int, float], ...]
    steps: Steps


def errors_figure(names: Sequence[str], observed_s: Vector, log_errors: Vector) -> str:
    """Predicted against measured, held out, and the errors with the networks that are furthest off by name."""
    with _drawing(11.0, 4.2) as figure:
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
        return _svg(figure)


def kinds_figure(errors: Sequence[tuple[str, Vector, Vector | None]]) -> str:
    """Spread of the errors by kind of network: of held-out folds, and with the family left out where that was done."""
    with _drawing(5.4, 0.9 + 0.3 * len(errors)) as figure:
        axes = figure.subplots()
        for place, (_, folds, outside) in enumerate(errors):
            _spread(axes, place - (0.15 if outside is not None else 0.0), folds, COLOURS[0])
            if outside is not None:
                _spread(axes, place + 0.15, outside, COLOURS[1])
        axes.axvspan(-100 * _BAND, 100 * _BAND, color=INK, alpha=0.1, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_yticks(range(len(errors)), [f"{_short(name)} ({len(folds)})" for name, folds, _ in errors])
        axes.set(title="Error by kind of network (%)", ylim=(len(errors) - 0.5, -0.5))
        kinds = [("held out", COLOURS[0])]
        kinds += [("family left out", COLOURS[1])] if any(e[2] is not None for e in errors) else []
        _legend(axes, kinds)
        return _svg(figure)


def operators_figure(ops: Sequence[str], shares: Vector, errors: Vector, spread: Vector) -> str:
    """Mean share of the predicted time by operator, and what it would have to be off by; all as fractions."""
    with _drawing(5.4, 0.9 + 0.3 * len(ops)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        places = np.arange(len(ops))
        left.barh(places, 100 * shares, color=COLOURS[0], height=0.6)
        left.set(title="Share of time (%)", ylim=(len(ops) - 0.5, -0.5))
        left.set_yticks(places, [_short(op) for op in ops])
        right.axvline(0, color=INK, linewidth=0.6)
        told = 2 * spread < np.abs(errors)
        widest = _widest(100 * errors[told])
        shown = np.clip(100 * errors, -widest, widest)
        right.errorbar(shown, places, xerr=200 * spread, fmt="none", ecolor=INK, elinewidth=0.7, capsize=2)
        for marker, own in (("o", shown == 100 * errors), ("<", shown > 100 * errors), (">", shown < 100 * errors)):
            right.scatter(
                shown[own], places[own], c=np.where(told[own], BAD, COLOURS[-1]), s=22, zorder=3, marker=marker
            )
        right.set(title="Error of its time (%)", xlim=(-1.1 * widest, 1.1 * widest))
        right.tick_params(left=False)
        return _svg(figure)


def roofline_figure(intensity: Vector, macs_per_s: Vector, kinds: Sequence[str], roofs: Sequence[Roofs]) -> str:
    """Achieved MAC/s over arithmetic intensity in MAC/byte, coloured by ``kinds``, under the roofs."""
    with _drawing(5.4, 4.2) as figure:
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
        ridges = [roof.macs_per_s / roof.bytes_per_s for roof in roofs]
        ends = np.array([0.7 * min(intensity.min(), *ridges), 1.4 * max(intensity.max(), *ridges)])
        for roof in roofs:
            _roof(axes, roof, ends, f" {roof.dtype}" if len(roofs) > 1 else "")
        axes.set(title="Roofline, measured", xlabel="arithmetic intensity (MAC/byte)", ylabel="GMAC/s", xlim=ends)
        _logarithmic(axes, "xy")
        others = [("others", COLOURS[-1])] if len(set(kinds)) > len(common) else []
        _legend(axes, [*colour.items(), *others], "lower right")
        return _svg(figure)


def staircases_figure(staircases: Sequence[Staircase]) -> str:
    """Measured and predicted latency over a swept setting, a panel each, with the edges found in the measurements."""
    rows = -(-len(staircases) // 2)
    with _drawing(11.0, 2.6 * rows) as figure:
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, staircase in zip(panels, staircases):
            for edge in staircase.steps.edges:
                axes.axvspan(edge.before, edge.after, color=COLOURS[1], alpha=0.3, linewidth=0)
            axes.plot(*_ms(staircase.predicted), color=INK, linewidth=0.9, drawstyle="steps-post")
            axes.plot(*_ms(staircase.measured), ".", color=COLOURS[0], markersize=4)
            width = staircase.steps.width
            found = f"measured steps of {width}" if width else "no single step width"
            axes.set(title=_short(staircase.title, 60), xlabel=f"{staircase.setting}: {found}", ylabel="ms")
            axes.set_ylim(bottom=0)
        for axes in panels[len(staircases) :]:
            axes.set_visible(False)
        kinds = [("measured", COLOURS[0]), ("predicted", INK), ("edge in the measurements", COLOURS[1])]
        _legend(panels[0], kinds, "upper left")
        return _svg(figure)


@contextmanager
def _drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of this size in inches, in the report's style."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield Figure(figsize=(width, height), layout="constrained", facecolor="none")


def _svg(figure: Figure) -> str:
    """The figure as an element of a page, in the page's text colour."""
    for axes in figure.axes:
        axes.set_facecolor("none")
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = written.getvalue()
    return svg[svg.index("<svg") :].replace(f": {INK}", ": currentColor")


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
    named: list[tuple[float, float]] = []
    least = 100 * _BAND if len(names) > _FEW else 0.0
    for i in np.argsort(-np.abs(errors), kind="stable")[:_NAMED]:
        x, y = places[i]
        if abs(errors[i]) > least and all(abs(x - u) > _NAME_WIDTH or abs(y - v) > _NAME_HEIGHT for u, v in named):
            named.append((x, y))
            right = x > axes.transAxes.transform((0.5, 0.0))[0]
            axes.annotate(
                _short(names[i]),
                (float(at_ms[i]), float(errors[i])),
                (-4 if right else 4, 3),
                textcoords="offset points",
                ha="right" if right else "left",
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
    if roof.efficiency is not None and roof.efficiency < 1:
        axes.plot(
            [roof.efficiency * ridge, ends[1]], [roof.efficiency * peak] * 2, color=INK, linewidth=0.8, linestyle="--"
        )


def _legend(axes: Axes, kinds: Sequence[tuple[str, str]], place: Any = "best") -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, marker="o", linestyle="", markersize=4) for _, colour in kinds]
    axes.legend(handles, [_short(kind) for kind, _ in kinds], loc=place, frameon=False, fontsize=7)


def _ms(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [value for value, _ in points], [1e3 * time_s for _, time_s in points]


def _widest(errors: Vector) -> float:
    """How far to show these errors in percent: never less than 10 nor more than 150."""
    return min(max(1.3 * float(np.max(np.abs(errors), initial=0.0)), 10.0), 150.0)


def _size(points: int) -> float:
    return 14.0 if points < 200 else 6.0 if points <= MOST_VECTORS else 3.0


def _short(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name as it fits, without what no font draws."""
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
