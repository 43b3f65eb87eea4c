"""Sweeps as a picture. matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stairline.measure.store.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES = 9.0
_PANEL_INCHES = 2.8


def sweep_figure(sweeps: Sequence[Sweep], step: int | None = None) -> Figure:
    """Latency in ms over the setting of the sweeps, a panel for each backend; multiples of ``step`` are marked."""
    from matplotlib.figure import Figure

    by_backend = {one.backend: [sweep for sweep in sweeps if sweep.backend == one.backend] for one in sweeps}
    figure = Figure(figsize=(_WIDTH_INCHES, 0.6 + _PANEL_INCHES * len(by_backend)), layout="constrained")
    panels: list[Axes] = list(figure.subplots(len(by_backend), sharex=True, squeeze=False)[:, 0])
    for panel, (backend, shown) in zip(panels, by_backend.items()):
        _draw_backend(panel, backend, shown)
    if step:
        values = [value for sweep in sweeps for value in sweep.values]
        _mark(panels, range(-(-min(values) // step) * step, max(values) + 1, step))
    panels[-1].set_xlabel(sweeps[0].setting)
    figure.suptitle("latency as reported; shaded from the minimum to the median of all runs", size=9)
    return figure


def _draw_backend(panel: Axes, backend: str, sweeps: Sequence[Sweep]) -> None:
    whats, wheres = {sweep.others.label for sweep in sweeps}, {sweep.where for sweep in sweeps}
    for sweep in sweeps:
        named = (sweep.others.label, whats), (sweep.where, wheres)
        differing = [text for text, texts in named if len(texts) > 1]
        _draw(panel, sweep, ", ".join([sweep.others.dtype, *differing]))
    title = f"{backend}: {whats.pop()}" if len(whats) == 1 else backend
    panel.set(title=title, ylabel="ms", ylim=(0, _top_ms(sweeps)))
    panel.grid(axis="y", color="0.9")
    panel.legend(loc="upper left", frameon=False)
    panel.spines[["top", "right"]].set_visible(False)


def _top_ms(sweeps: Sequence[Sweep]) -> float:
    """The upper end of the axis, which leaves room for the latencies, but not for the times of a disturbed visit."""
    return 1.25e3 * max(time_s for sweep in sweeps for time_s in sweep.times_s)


def _draw(panel: Axes, sweep: Sweep, label: str) -> None:
    import numpy as np

    latencies_ms = [1e3 * time_s for time_s in sweep.times_s]
    statistics = [found.statistics for _, found in sweep.points]
    (drawn,) = panel.plot(sweep.values, latencies_ms, ".-", markersize=4, linewidth=1, label=label)
    lowest_ms, highest_ms = 1e3 * np.array([(s.min_s, s.median_s) for s in statistics]).T
    panel.fill_between(sweep.values, lowest_ms, highest_ms, color=drawn.get_color(), alpha=0.2, linewidth=0)


def _mark(panels: Sequence[Axes], multiples: range) -> None:
    for panel in panels:
        for multiple in multiples:
            panel.axvline(multiple, color="0.8", lw=0.6, zorder=0)
    every = -(-len(multiples) // 20)
    panels[-1].set_xticks(multiples[every - 1 :: every])
