"""A prediction as one self-contained page: no scripts, nothing from a network. Jinja2 escapes what came from files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stairline.hwmodels import Platform
from stairline.hwmodels.kernels.base import BOUNDS
from stairline.hwmodels.reports.text import Facts, Table
from stairline.simulator.advice.advise import advise
from stairline.simulator.advice.case import Advice
from stairline.simulator.canonical.form import canonical
from stairline.simulator.graph.graph import Graph
from stairline.simulator.pricing.predict import predict_plan
from stairline.simulator.pricing.prediction import Prediction, Summary
from stairline.simulator.reports import predictions as report
from stairline.simulator.reports.digits import prefixed, three_digits
from stairline.simulator.reports.outcomes import Outcome
from stairline.simulator.walk import plan

from .bars import Bar
from .environment import environment
from .kernels import longest, parts
from .roofline import roofline
from .stairs import staircases
from .timeline import timeline
from .waterfall import Step, waterfall

_IN_TILES = ("latency", "90 % interval", "energy", "work", "peak memory")
"""Labels of the facts that the page shows large."""


class Ends(NamedTuple):
    """A platform of the comparison: its latency as a bar, and the ends of its interval, in percent."""

    bar: Bar
    low: float
    high: float


def page(graph: Graph, platform: Platform, dtype: str, outcomes: Sequence[Outcome], *, allow_unknown: bool) -> str:
    """The page on one network on a platform, beside the same network on the platforms of ``outcomes``.

    Raises as ``predict`` does.
    """
    planned = plan(graph, platform.machine(dtype))
    prediction = predict_plan(planned, platform.digest, allow_unknown=allow_unknown)
    events = timeline(planned, prediction)
    listed = longest(events)
    _, title, facts, kinds = report.single(prediction, platform)
    assert isinstance(facts, Facts)
    facts = Facts(tuple(row for row in facts.rows if row[0] not in _IN_TILES))
    assert isinstance(kinds, Table)
    advised = advise(graph, platform, dtype, allow_unknown=allow_unknown)
    return (
        environment("stairline.simulator.page")
        .get_template("page.html")
        .render(
            summary=prediction.summary,
            title=title,
            tiles=_tiles(prediction),
            facts=facts,
            kinds=kinds,
            parts=parts(listed, prediction.latency_s),
            left_out=len(events) - len(listed),
            fixed_percent=round(100.0 * prediction.fixed_s / prediction.latency_s, 3) if prediction.latency_s else 0.0,
            bounds=BOUNDS,
            waterfall=_bars(waterfall(planned, prediction)),
            latency=three_digits(prediction.latency_s * 1e3),
            roofline=roofline(planned, prediction),
            staircases=staircases(canonical(graph), platform, prediction),
            gains=[_advised(number, one) for number, one in enumerate(advised.advice, 1) if not one.change.adds],
            free=[one.change for one in advised.advice if one.change.adds],
            caution=advised.caution,
            comparison=_comparison(outcomes),
        )
    )


def _tiles(p: Prediction) -> list[tuple[str, str]]:
    s = p.summary
    tiles = [(f"{'at least ' * s.flags.count('lower_bound')}{three_digits(s.latency_s * 1e3)} ms", "latency")]
    if s.status != "cannot_run":
        tiles.append((f"{_ms(s.lower_s)} to {_ms(s.upper_s)}", "ms, 90 % interval"))
    tiles.append((s.status, "status"))
    tiles.append((prefixed(sum(k.macs for k in p.kernels)), f"MAC in {len(p.kernels)} kernels"))
    if p.energy_j is not None:
        tiles.append((f"{three_digits(p.energy_j * 1e3)} mJ", "energy"))
    return [*tiles, (prefixed(p.peak_memory_bytes, "B"), "peak of activations")]


def _bars(steps: Sequence[Step]) -> list[Bar]:
    """Each step from where the steps before it end."""
    ends, at_s = [0.0], 0.0
    for step in steps:
        at_s += step.time_s
        ends.append(at_s)
    scale = 100.0 / max(max(ends), 1e-30)
    return [
        Bar(
            step.name,
            f"{'+' if place and step.time_s > 0 else ''}{three_digits(step.time_s * 1e3)}"
            if step.time_s > 0
            else f"-{three_digits(-step.time_s * 1e3)}",
            round(min(before, after) * scale, 2),
            round(abs(step.time_s) * scale, 2),
            step.meaning,
            step.name.replace(" ", "-"),
        )
        for place, (step, before, after) in enumerate(zip(steps, ends, ends[1:]))
    ]


def _advised(number: int, one: Advice) -> dict[str, str | float]:
    status = f" (then {one.after.status})" if one.after.status != one.before.status else ""
    return {
        "number": str(number),
        "milliseconds": three_digits(one.gain_s * 1e3) if one.gain_s >= 0 else f"-{three_digits(-one.gain_s * 1e3)}",
        "share": f"{one.gain_share:.1%}",
        "percent": round(max(100.0 * one.gain_share, 0.0), 2),
        "what": f"{one.change.what}{status}",
        "caution": one.change.caution,
        "why": str(one.change.why),
    }


def _comparison(outcomes: Sequence[Outcome]) -> list[Ends]:
    """The platforms by latency, the shortest first; none where there is only one."""
    known = [(o, o.summary) for o in outcomes if o.summary is not None]
    if len(known) < 2:
        return []
    longest_s = max(s.upper_s if s.status != "cannot_run" else s.latency_s for _, s in known)
    return [_ends(o, s, 100.0 / longest_s) for o, s in sorted(known, key=lambda pair: pair[1].latency_s)]


def _ends(o: Outcome, s: Summary, scale: float) -> Ends:
    runs = s.status != "cannot_run"
    about = f"{o.platform}, {s.dtype}, {s.status}"
    bar = Bar(o.label, f"{_ms(s.latency_s)} ms", 0.0, round(s.latency_s * scale, 2), about, s.status)
    low, high = (s.lower_s, s.upper_s) if runs else (s.latency_s, s.latency_s)
    return Ends(bar, round(low * scale, 2), round(high * scale, 2))


def _ms(seconds: float) -> str:
    return three_digits(seconds * 1e3)
