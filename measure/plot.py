"""Measurements as pictures. matplotlib is imported when something is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .record import MeasureError, Measurement
from .store import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCHES = 9.0
_PANEL_INCHES = 2.8


class Line(NamedTuple):
    """Measurements that differ in one setting only, in its order."""

    backend: str
    what: str
    """The operator, block or network with its other settings."""
    dtype: str
    where: str
    """The conditions, as far as a store is likely to hold several."""
    points: tuple[tuple[int, Measurement], ...]


def sweep_lines(records: Sequence[Record], setting: str) -> list[Line]:
    """The measurements of a store that have a setting, one line for each combination of everything else.

    Raises MeasureError where no two of them differ in it.
    """
    points: dict[tuple[str, str, str, str], dict[int, Measurement]] = {}
    for record in records:
        settings = dict(record.configuration.settings)
        value = settings.pop(setting, None)
        if isinstance(value, int) and isinstance(record.outcome, Measurement):
            rest = record.configuration._replace(settings=tuple(settings.items()))
            line = (record.backend, rest.label, rest.dtype, _where(record.outcome))
            points.setdefault(line, {})[value] = record.outcome
    lines = [Line(*line, tuple(sorted(found.items()))) for line, found in sorted(points.items()) if len(found) > 1]
    if not lines:
        known = sorted({key for record in records for key, _ in record.configuration.settings})
        raise MeasureError(f"--sweep {setting}: no two measurements differ in it; settings are {', '.join(known)}")
    return lines


def sweep_figure(lines: Sequence[Line], setting: str, step: int | None = None) -> Figure:
    """Latency in ms over a setting, a panel for each backend; multiples of ``step`` are marked."""
    from matplotlib.figure import Figure

    by_backend = {one.backend: [line for line in lines if line.backend == one.backend] for one in lines}
    figure = Figure(figsize=(_WIDTH_INCHES, 0.6 + _PANEL_INCHES * len(by_backend)), layout="constrained")
    panels: list[Axes] = list(figure.subplots(len(by_backend), sharex=True, squeeze=False)[:, 0])
    for panel, (backend, shown) in zip(panels, by_backend.items()):
        whats, wheres = {line.what for line in shown}, {line.where for line in shown}
        for line in shown:
            differing = [text for text, texts in ((line.what, whats), (line.where, wheres)) if len(texts) > 1]
            _draw(panel, line, ", ".join([line.dtype, *differing]))
        panel.set(
            title=f"{backend}: {whats.pop()}" if len(whats) == 1 else backend, ylabel="ms", ylim=(0, _top_ms(shown))
        )
        panel.grid(axis="y", color="0.9")
        panel.legend(loc="upper left", frameon=False)
        panel.spines[["top", "right"]].set_visible(False)
    if step:
        values = [value for line in lines for value, _ in line.points]
        _mark(panels, range(-(-min(values) // step) * step, max(values) + 1, step))
    panels[-1].set_xlabel(setting)
    figure.suptitle("latency as reported; shaded from the minimum to the median of all runs", size=9)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a picture in the format that the suffix names. Raises MeasureError where it cannot be written."""
    known = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise MeasureError(f"{path}: no format of pictures; end it in .{', .'.join(sorted(known))}")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None


def require_matplotlib() -> None:
    """Raises MeasureError saying how to install it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MeasureError(f"matplotlib is not installed ({error}): pip install 'stairline[plot]'") from None


def _where(measurement: Measurement) -> str:
    c = measurement.conditions
    return f"{c.runtime} {c.runtime_version}, {c.threads} thread{'s' * (c.threads != 1)}, setting {c.setting_digest}"


def _top_ms(lines: Sequence[Line]) -> float:
    """Room for the latencies: what a disturbed visit took may lie outside."""
    return 1.25e3 * max(found.latency_s for line in lines for _, found in line.points)


def _draw(panel: Axes, line: Line, label: str) -> None:
    import numpy as np

    values = [value for value, _ in line.points]
    latencies_ms = [1e3 * found.latency_s for _, found in line.points]
    statistics = [found.statistics for _, found in line.points]
    (drawn,) = panel.plot(values, latencies_ms, ".-", markersize=4, linewidth=1, label=label)
    lowest_ms, highest_ms = 1e3 * np.array([(s.min_s, s.median_s) for s in statistics]).T
    panel.fill_between(values, lowest_ms, highest_ms, color=drawn.get_color(), alpha=0.2, linewidth=0)


def _mark(panels: Sequence[Axes], multiples: range) -> None:
    for panel in panels:
        for multiple in multiples:
            panel.axvline(multiple, color="0.8", lw=0.6, zorder=0)
    every = -(-len(multiples) // 20)
    panels[-1].set_xticks(multiples[every - 1 :: every])
