"""What changes of a platform do to a network, beside what was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stairline.hwmodels import Platform, quantities
from stairline.hwmodels.files.changes import Change, Times, Value
from stairline.hwmodels.files.settings import as_written
from stairline.hwmodels.files.units import written
from stairline.hwmodels.reports.text import Block, Cell, Column, Heading, Table, number, prose, word
from stairline.simulator.pricing.prediction import KernelPrediction, Prediction
from stairline.simulator.reports.digits import decimal_places, three_digits
from stairline.simulator.reports.kernels import limited_by
from stairline.simulator.whatif.effects import DOUBT, Alone, Effect


def effect_report(name: str, platform: Platform, effect: Effect) -> list[Block]:
    """What the changes do, and where the time goes before and after."""
    s = effect.before.summary
    return [
        Heading(f"What if: {name} on {platform.name}, {s.dtype}"),
        _changes(platform, effect),
        _headline(effect),
        _beside("limited by", effect, limits_s),
        _beside("operators", effect, operators_s),
        f"The interval afterwards takes {DOUBT:.0%} of each change's own effect as uncertain.",
        *(["The platform's residual is left out, before and after."] if platform.as_read.residual else []),
    ]


def percent(after: float, before: float) -> str:
    """A change in percent, such as "-10.6 %", or as a factor from ten on; "-" where there was nothing before."""
    if not before:
        return "-"
    return f"x {after / before:.0f}" if after >= 10.0 * before else f"{after / before - 1.0:+.1%}".replace("%", " %")


def change_text(platform: Platform, change: Change) -> tuple[str, str, str]:
    """What a change is about, what was there before, and what is there now."""
    if not isinstance(change, Value | Times):
        return as_written(change), "-", "-"
    value = next(q.value for key, q in quantities(platform.file) if key == change.key)
    now = change.value if isinstance(change, Value) else value * change.factor
    return change.key, written(change.key, value), written(change.key, now)


def _changes(platform: Platform, effect: Effect) -> Table:
    rows = [(*change_text(platform, one.change), _does(one, effect.before)) for one in effect.alone]
    return Table((prose("change"), word("was"), word("is"), prose("alone")), tuple(rows))


def _does(one: Alone, before: Prediction) -> str | Cell:
    if one.why_none:
        return Cell(f"no effect: {one.why_none}", "yellow")
    return percent(one.latency_s, before.latency_s) + " together" * one.is_joint


def _headline(effect: Effect) -> Table:
    before, after = effect.before.summary, effect.after.summary
    factor = effect.factor
    rows: list[tuple[str, ...]] = [
        ("latency", _ms(before.latency_s), _ms(after.latency_s), percent(after.latency_s, before.latency_s)),
        (
            "90 % interval",
            f"{_ms(before.lower_s)} to {_ms(before.upper_s)}",
            f"{_ms(after.latency_s / factor)} to {_ms(after.latency_s * factor)}",
            "",
        ),
    ]
    if before.energy_j is not None and after.energy_j is not None:
        joules = before.energy_j, after.energy_j
        rows.append(("energy", *(f"{three_digits(j * 1e3)} mJ" for j in joules), percent(joules[1], joules[0])))
    if before.status != after.status or before.status != "ok":
        rows.append(("status", before.status.replace("_", " "), after.status.replace("_", " "), ""))
    return Table((word(""), number("before"), number("after"), number("change")), tuple(rows))


def _ms(seconds: float) -> str:
    return f"{three_digits(seconds * 1e3)} ms"


def limits_s(p: Prediction) -> dict[str, float]:
    """The time under each bound and per inference, in seconds, without those that have none."""
    return {name: share * p.latency_s for name, share in limited_by(p).items() if share > 0.0}


def operators_s(p: Prediction) -> dict[str, float]:
    """The time of the kernels of each chain of operators, in seconds, and which processor it is where it is another."""
    found: dict[str, float] = {}
    for kernel in p.kernels:
        found[_chain(kernel)] = found.get(_chain(kernel), 0.0) + kernel.latency_s
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _chain(kernel: KernelPrediction) -> str:
    return " + ".join(kernel.ops) + (f" on {kernel.processor}" if kernel.on_host else "")


def _beside(title: str, effect: Effect, of: Callable[[Prediction], dict[str, float]]) -> Table:
    """The times before and after, a row for each name of either."""
    before, after = of(effect.before), of(effect.after)
    decimals = decimal_places([max(*before.values(), *after.values(), 0.0) * 1e3 / 100])
    names = dict.fromkeys([*before, *after])
    rows = tuple(
        (
            name,
            *(f"{times[name] * 1e3:,.{decimals}f}" if name in times else "-" for times in (before, after)),
            percent(after.get(name, 0.0), before.get(name, 0.0)),
        )
        for name in names
    )
    first: Column = prose(title)
    return Table((first, number("before (ms)"), number("after (ms)"), number("change")), rows)


def effect_record(name: str, weight: float, platform: Platform, effect: Effect) -> dict[str, Any]:
    """What the changes do to a network, as a JSON record; times in ms, energies in mJ."""
    return {
        "network": name,
        "weight": weight,
        "dtype": effect.before.summary.dtype,
        "changes": [_change_record(platform, one, effect.before) for one in effect.alone],
        "before": _side(effect.before, effect.before.summary.upper_s / effect.before.latency_s),
        "after": _side(effect.after, effect.factor),
    }


def _change_record(platform: Platform, one: Alone, before: Prediction) -> dict[str, Any]:
    what, was, now = change_text(platform, one.change)
    alone = one.latency_s / before.latency_s - 1.0
    return {
        "change": what,
        "was": was,
        "is": now,
        "relative_effect": alone,
        "is_joint": one.is_joint,
        "no_effect_because": one.why_none or None,
    }


def _side(p: Prediction, factor: float) -> dict[str, Any]:
    return {
        "status": p.status,
        "platform_digest": p.platform_digest,
        "latency_ms": p.latency_s * 1e3,
        "lower_ms": p.latency_s / factor * 1e3,
        "upper_ms": p.latency_s * factor * 1e3,
        "energy_mj": None if p.energy_j is None else p.energy_j * 1e3,
        "limited_by_ms": {name: time_s * 1e3 for name, time_s in limits_s(p).items()},
        "operators_ms": {name: time_s * 1e3 for name, time_s in operators_s(p).items()},
    }


def suite_line(effects: Sequence[Effect], weights: Sequence[float]) -> str:
    """The weighted mean latency of several networks before and after."""
    total = sum(weights)
    before, after = (
        sum(weight * side.latency_s for weight, side in zip(weights, sides)) / total
        for sides in zip(*((found.before, found.after) for found in effects))
    )
    return (
        f"Weighted mean of {len(effects)} networks: {_ms(before)} before, {_ms(after)} after, {percent(after, before)}"
    )
