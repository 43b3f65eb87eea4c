"""A calibration as one self-contained page: no scripts, nothing from a network. Jinja2 escapes what came from files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import exp, isfinite, log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.calibration.fitting.fit import Fit
from stairline.calibration.fitting.parameters import Parameter
from stairline.calibration.judging.scores import score
from stairline.calibration.judging.verdict import at_limit
from stairline.calibration.overlays.calibrated import Calibrated
from stairline.calibration.probing.steps import find_steps
from stairline.calibration.records.errors import RecordsError
from stairline.hwmodels.overlay import OverlayFile
from stairline.hwmodels.reports.text import Facts
from stairline.measure.store.sweeps import Sweep
from stairline.simulator.page.environment import environment

from . import blocks as report
from . import plot
from .blocks import Diagnosis, diagnose
from .staircases import predicted_s

_MOST_STAIRCASES = 12


class Track(NamedTuple):
    """A parameter between its bounds, on a logarithmic scale in percent: the base, the fitted value, its error."""

    base: float
    fitted: float
    low: float
    high: float


def verify(path: Path) -> None:
    """Raises RecordsError where a page cannot be written there, before anything long is begun."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise RecordsError(f"{path}: a page needs {error.name}: pip install 'stairline[plot]'") from None
    if path.suffix != ".html":
        raise RecordsError(f"{path}: a page ends in .html")
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        raise RecordsError(f"{path}: cannot be written; name a file in a directory that can")


def write(path: Path, done: Calibrated, overlay: OverlayFile, sweeps: Sequence[Sweep] = ()) -> None:
    """Write the page of a calibration and of the sweeps among its records. Raises RecordsError where it cannot."""
    text = page(done, overlay, sweeps)
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise RecordsError(f"{path}: cannot be written: {error.strerror}; name another file") from None


def page(done: Calibrated, overlay: OverlayFile, sweeps: Sequence[Sweep] = ()) -> str:
    """The page: verdict, errors, roofline, staircases, parameters, scores, provenance."""
    found = diagnose(done)
    template = environment("stairline.calibration.report").get_template("report.html")
    return template.render(
        overlay=overlay,
        base=done.base.name,
        tiles=_tiles(done),
        figures=_figures(done, found, sweeps),
        **_tables(done, found, overlay),
        **_captions(found, sweeps),
    )


def _tables(done: Calibrated, found: Diagnosis, overlay: OverlayFile) -> dict[str, Any]:
    parameters = report.parameters(done, found)
    return {
        "headline": report.headlined(done),
        "compared": report.compared(done),
        "verdict": report.facts(done.verdict),
        "to_measure": report.to_measure(found) if found.best_measurements else None,
        "furthest_off": report.furthest_off(done, found),
        "parameters": parameters,
        "parameter_rows": list(zip(parameters.rows, _tracks(done.start, done.fit, found))),
        "scores": report.scores(done, found),
        "operators": report.operators(found),
        "provenance": _provenance(done, overlay),
    }


def _captions(found: Diagnosis, sweeps: Sequence[Sweep]) -> dict[str, str]:
    bare = int(np.count_nonzero(found.breakdown.macs == 0))
    left = len(sweeps) - _MOST_STAIRCASES
    return {
        "operators_explained": report.operators_explained(found),
        "without_macs": f" {bare} without MACs are left out." if bare else "",
        "staircases_left": f"The {_MOST_STAIRCASES} longest sweeps; {left} more are in the store." if left > 0 else "",
    }


def _tiles(done: Calibrated) -> list[tuple[str, str]]:
    mixed = done.whole.any() and not done.whole.all()
    tiles = _score_tiles(done, done.whole if done.whole.any() else ~done.whole, "networks " if mixed else "")
    if mixed:
        tiles += _score_tiles(done, ~done.whole, "operators ")[:1]
    if done.trained is not None:
        tiles.append((f"{score(done.analytical.folds).within_10:.1%}", "10 %, models alone"))
    if done.families is not None:
        tiles.append((f"{done.families.within_10:.1%}", "10 %, family left out"))
    interval = f"x/÷ {done.interval.factor:.3f}" if isfinite(done.interval.factor) else "the base's"
    return [*tiles, (interval, "90 % interval, one kernel"), (f"{len(done.measured):,}", "measurements")]


def _score_tiles(done: Calibrated, own: NDArray[np.bool_], what: str) -> list[tuple[str, str]]:
    found = score(done.held_out.folds[own])
    return [
        (f"{found.within_10:.1%}", f"{what}held out within 10 %"),
        (f"{found.within_20:.1%}", f"{what}held out within 20 %"),
        (f"{found.mape:.1%}", f"mean error, {what}held out"),
    ]


def _figures(done: Calibrated, found: Diagnosis, sweeps: Sequence[Sweep]) -> dict[str, str]:
    from markupsafe import Markup

    measured, listed = done.measured, report.listed(found.breakdown)
    chosen = [i for i, _, _ in listed]
    drawn = {
        "errors": plot.errors_figure(measured.names, measured.observed_s, done.held_out.folds),
        "kinds": _by_kind(done, found),
        "operators": plot.operators_figure(
            [op for _, op, _ in listed],
            np.array([share for _, _, share in listed]),
            found.operators.log_errors[chosen],
            found.operators.standard_errors[chosen],
        ),
        "roofline": _roofline(done, found),
        "staircases": _staircases(done, sweeps),
    }
    # Drawn here, with every text of a file escaped by matplotlib.
    return {name: Markup(svg) for name, svg in drawn.items()}


def _by_kind(done: Calibrated, found: Diagnosis) -> str:
    folds, outside = done.held_out
    errors = []
    for name, own in report.kinds(done, found).items():
        known = own[np.isfinite(outside[own])] if outside is not None else own[:0]
        errors.append((name, folds[own], outside[known] if outside is not None and len(known) else None))
    return plot.kinds_figure(errors)


def _roofline(done: Calibrated, found: Diagnosis) -> str:
    apart, longest = found.breakdown, found.breakdown.longest()
    shown = np.flatnonzero(apart.macs > 0)
    if not len(shown):
        return ""
    return plot.roofline_figure(
        apart.macs[shown] / apart.moved_bytes[shown],
        apart.macs[shown] / done.measured.observed_s[shown],
        [longest[i] for i in shown],
        _roofs(done, found),
    )


def _roofs(done: Calibrated, found: Diagnosis) -> list[plot.Roofs]:
    """The roofs of every measured precision: those of the operator that takes most time."""
    roofs = []
    for dtype in dict.fromkeys(done.measured.dtypes):
        rules = done.fit.platform.machine(dtype).rules
        rule = next((rules[op] for op in found.breakdown.ops if op in rules), None)
        if rule is not None:
            efficiency = getattr(rule.parameters, "efficiency", None)
            roof = rule.roof
            roofs.append(plot.Roofs(dtype, roof.macs_per_s, roof.bytes_per_s, roof.cache_bytes_per_s, efficiency))
    return roofs


def _staircases(done: Calibrated, sweeps: Sequence[Sweep]) -> str:
    drawn = []
    for sweep in sweeps[:_MOST_STAIRCASES]:
        dtype = sweep.others.dtype if sweep.others.dtype in done.base.dtypes else done.measured.dtypes[0]
        predicted = tuple(predicted_s(sweep, done.fit.platform, dtype))
        measured, steps = tuple(zip(sweep.values, sweep.times_s)), find_steps(sweep.values, sweep.times_s)
        drawn.append(plot.Staircase(sweep.others.label, sweep.setting, measured, predicted, steps))
    return plot.staircases_figure(drawn) if drawn else ""


def _tracks(start: Sequence[Parameter], fitted: Fit, found: Diagnosis) -> list[Track]:
    tracks = []
    for before, after, error in zip(start, fitted.parameters, found.standard_errors.tolist()):
        spread = 1.0 if at_limit(after) else exp(error)
        ends = (before.value, after.value, after.value / spread, after.value * spread)
        tracks.append(Track(*(_place(value, after) for value in ends)))
    return tracks


def _place(value: float, p: Parameter) -> float:
    """The place of a value between the bounds of a parameter, in percent of the logarithm.

    A lower bound of 0 counts as a millionth of the upper one.
    """
    low = max(p.low, p.high * 1e-6)
    return 100.0 * log(min(max(value, low), p.high) / low) / log(p.high / low)


def _provenance(done: Calibrated, overlay: OverlayFile) -> Facts:
    about = overlay.calibration
    return Facts(
        (
            ("records", f"{about.records} (digest {about.records_digest}), {about.networks} networks"),
            ("base", f"{done.base.name} (digest {overlay.parent_digest}): {done.base.file.title}"),
            ("precisions", ", ".join(about.dtypes)),
            *about.conditions.items(),
            *((("omitted", ", ".join(overlay.omitted)),) if overlay.omitted else ()),
            *((f"source {key}", source.cite) for key, source in overlay.sources.items()),
        )
    )
