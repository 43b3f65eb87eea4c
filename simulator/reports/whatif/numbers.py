"""Which numbers of a platform matter: halved and doubled, towards a goal, and left open by assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stairline.hwmodels.files.units import written
from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, Value, number, prose, word
from stairline.simulator.reports.digits import three_digits
from stairline.simulator.whatif.assumptions import Open
from stairline.simulator.whatif.goals import Way
from stairline.simulator.whatif.tornado import Swing

from .effects import percent

_NOTHING = 1e-9
"""The log ratio below which a number has no effect."""
_LITTLE = 5e-4
"""The log ratio below which a number is named below the table, since its changes would read 0.0 %."""
_WIDEST_BAR = 12


def tornado_report(name: str, platform: str, swings: Sequence[Swing]) -> list[Block]:
    """What halving and doubling each number does, the largest effect first, with a bar of its size."""
    moving = [one for one in swings if one.size > _LITTLE]
    largest = max((one.size for one in moving), default=1.0)
    rows = tuple(
        (one.key, written(one.key, one.value), *_sides(one), "#" * max(round(one.size / largest * _WIDEST_BAR), 1))
        for one in moving
    )
    columns = (prose("key"), word("value"), number("halved"), number("doubled"), word("size"))
    return [
        Heading(f"Tornado: {name} on {platform}, each number halved and doubled by itself"),
        Table(columns, rows),
        *_asides(swings),
    ]


def _sides(one: Swing) -> tuple[Value, Value]:
    """What each side does; a value other than half or twice is said."""
    tried = ((one.halved, one.value / 2.0, one.halved_ratio), (one.doubled, one.value * 2.0, one.doubled_ratio))
    texts = (
        percent(ratio, 1.0) if value == meant else f"{percent(ratio, 1.0)} at {written(one.key, value)}"
        for value, meant, ratio in tried
    )
    halved, doubled = texts
    return halved, doubled


def _asides(swings: Sequence[Swing]) -> list[str]:
    kinds = {
        "Less than 0.05 %": [one.key for one in swings if _NOTHING < one.size <= _LITTLE],
        "No effect": [one.key for one in swings if one.value and one.size <= _NOTHING and not one.refusal],
        "0, which has no half and no double": [one.key for one in swings if not one.value],
        "Not changed alone, since others must agree": [one.key for one in swings if one.refusal],
    }
    return [f"{kind}: {_first(keys)}." for kind, keys in kinds.items() if keys]


def _first(keys: Sequence[str], most: int = 3) -> str:
    more = len(keys) - most
    return ", ".join(keys[:most]) + (f" and {more} more; --json lists all" if more > 0 else "")


def tornado_records(swings: Sequence[Swing]) -> list[dict[str, Any]]:
    """The swings as JSON records; ratios are latencies relative to the present one."""
    return [one._asdict() for one in swings]


def ways_report(name: str, platform: str, goal_s: float, ways: Sequence[Way]) -> list[Block]:
    """By which numbers a goal is reached, and how near the others come."""
    rows = tuple(
        (
            one.key,
            written(one.key, one.value),
            written(one.key, one.needed),
            f"x {one.needed / one.value:.3g}" if one.value else "-",
            f"{one.binding.limit} {one.binding.share:.0%}",
        )
        for one in ways
        if one.is_reached
    )
    columns = (prose("key"), word("is"), word("must be"), number("factor"), word("limited by there"))
    others = [one for one in ways if not one.is_reached and one.latency_s < float("inf")]
    short = [f"{one.key} ({three_digits(one.latency_s * 1e3)} ms)" for one in others[:3]]
    return [
        Heading(f"To reach {goal_s * 1e3:g} ms: {name} on {platform}, one number changed"),
        Table(columns, rows),
        *([f"Out of reach by {len(others)} other numbers; the closest: {', '.join(short)}."] if others else []),
    ]


def ways_record(goal_s: float, ways: Sequence[Way]) -> dict[str, Any]:
    """The ways to a goal as a JSON record; times in ms."""
    return {"goal_ms": goal_s * 1e3, "ways": [_way(one) for one in ways]}


def _way(one: Way) -> dict[str, Any]:
    found = one._asdict() | {"latency_ms": one.latency_s * 1e3, "binding": one.binding._asdict()}
    del found["latency_s"]
    return found


def open_report(name: str, platform: str, found: Open) -> list[Block]:
    """The interval that the assumptions leave, and which of them matters most."""
    low_s, high_s = found.interval_s
    rows = tuple(
        (
            one.key,
            f"{written(one.key, one.low)} to {written(one.key, one.high)}",
            f"{three_digits(one.at_low_s * 1e3)} to {three_digits(one.at_high_s * 1e3)}",
        )
        for one in found.assumptions
        if one.size > _NOTHING
    )
    idle = [one.key for one in found.assumptions if one.size <= _NOTHING]
    return [
        Heading(f"Assumptions: {name} on {platform}"),
        Facts(
            (
                ("latency", Cell(f"{three_digits(found.latency_s * 1e3)} ms", "bold")),
                ("90 % interval", f"{three_digits(low_s * 1e3)} to {three_digits(high_s * 1e3)} ms"),
                ("drawn", f"{len(found.drawn_s)} points, all assumed numbers at once"),
            )
        ),
        Table((prose("assumed, the one that matters most first"), word("range"), word("ms over its range")), rows),
        *([f"No effect: {_first(idle)}."] if idle else []),
    ]


def open_record(found: Open) -> dict[str, Any]:
    """What the assumptions leave open as a JSON record; times in ms."""
    low_s, high_s = found.interval_s
    return {
        "latency_ms": found.latency_s * 1e3,
        "lower_ms": low_s * 1e3,
        "upper_ms": high_s * 1e3,
        "draws": len(found.drawn_s),
        "assumptions": [
            {
                "key": one.key,
                "value": one.value,
                "min": one.low,
                "max": one.high,
                "at_min_ms": one.at_low_s * 1e3,
                "at_max_ms": one.at_high_s * 1e3,
            }
            for one in found.assumptions
        ],
    }
