"""One mechanism of a platform changed: the platform that would be, were a hypothesis on the device true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from stairline.hwmodels.platform import Platform, PlatformError
from stairline.hwmodels.quantities import quantities
from stairline.hwmodels.spelling import did_you_mean

from .derived import cycles_kept, without_residual
from .loading import changed, parse

_SOURCE = "what-if"
_NOTED = {_SOURCE: {"kind": "assumed", "cite": "a change that was asked for, to see what follows from it"}}
_STATED = {"source": _SOURCE, "fit": False, "min": None, "max": None, "note": ""}
"""What else becomes of a number that is changed: its bounds and its note were those of the other one."""


class Value(NamedTuple):
    """A number of the platform, such as ``overheads.kernel_s`` or a tile, is another one, in the unit of its key."""

    key: str
    value: float


class Times(NamedTuple):
    """A number of the platform is multiplied by a factor."""

    key: str
    factor: float


class Fused(NamedTuple):
    """A chain of operators runs as one kernel; written as a pattern of ``[[fusion]]``, and tried before all others."""

    pattern: tuple[str, ...]


class Unfused(NamedTuple):
    """An operator joins no kernel of another: it is taken out of all chains of the fusion table, behind any producer.

    ``producers`` limits that to chains that begin with one of these operators; empty for all of them.
    """

    op: str
    producers: tuple[str, ...] = ()


class Supported(NamedTuple):
    """The processor runs an operator, whatever its attributes."""

    op: str


class Unsupported(NamedTuple):
    """The processor does not run an operator, which goes to the fallback."""

    op: str


class Fallback(NamedTuple):
    """Operators that the processor does not run go to another platform."""

    platform: str


class NotLowered(NamedTuple):
    """A rewrite of the platform's converter does not take place."""

    rule: str


class Alike(NamedTuple):
    """An operator without a kernel model of its own runs as another one does; written as an entry of ``[[alike]]``."""

    op: str
    like: str


Number = Value | Times
Change = Number | Fused | Unfused | Supported | Unsupported | Fallback | NotLowered | Alike


def derive(platform: Platform, changes: Iterable[Change]) -> Platform:
    """The platform with each of the changes made, in their order; numbers that follow one another are changed at once.

    So numbers that must agree, such as the cores and the rate of all cores, are changed one after the other. Another
    clock moves what takes so many cycles, unless a number beside it states that too; see ``clocks``.

    The platform keeps the omitted operators, and drops a residual, which corrected the errors of other mechanisms.
    Raises PlatformError for a key, operator or rule that the platform does not have, naming it.
    """
    for are_numbers, group in groupby(changes, lambda change: isinstance(change, Number)):
        if are_numbers:
            platform = _with_numbers(platform, [change for change in group if isinstance(change, Number)])
        else:
            for change in group:
                platform = _with_rule(platform, change)
    return platform


def _with_numbers(platform: Platform, changes: Iterable[Number]) -> Platform:
    known = {name: quantity.value for name, quantity in quantities(platform.file)}
    values: dict[str, float] = {}
    for change in changes:
        if change.key not in known:
            raise PlatformError(f"{platform.name}: no quantity '{change.key}'{did_you_mean(change.key, known)}")
        is_stated = isinstance(change, Value)
        values[change.key] = change[1] if is_stated else values.get(change.key, known[change.key]) * change[1]
    fields = {key: {**_STATED, "value": value} for key, value in cycles_kept(platform, values).items()}
    return _parsed(platform, changed(without_residual(platform).file, fields, platform.name))


def _with_rule(platform: Platform, change: Change) -> Platform:
    data = without_residual(platform).file.model_dump(by_alias=True, exclude_none=True)
    try:
        _edit(data, change)
    except ValueError as error:
        raise PlatformError(f"{platform.name}: {error}") from None
    return _parsed(platform, data)


def _parsed(platform: Platform, data: dict[str, Any]) -> Platform:
    """The platform of changed data, which names the source of what was changed."""
    noted = data | {"sources": {**data["sources"], **_NOTED}}
    found = parse(noted, platform.name)
    return replace(found, path=platform.path, changed_from=platform.as_read, omitted=platform.omitted)


def _edit(data: dict[str, Any], change: Change) -> None:
    """Make a change of a rule in the tables of a platform file. Raises ValueError where they have no such rule."""
    match change:
        case Fused(pattern):
            data["fusion"] = [{"pattern": pattern, "operand": "either", "source": _SOURCE}, *data["fusion"]]
        case Unfused(op, producers):
            kept = [rule for entry in data["fusion"] for rule in _without(entry, op, producers)]
            if kept == list(data["fusion"]):
                raise ValueError(f"fusion: no chain has '{op}' behind {' or '.join(producers) or 'another operator'}")
            data["fusion"] = kept
        case Supported(op):
            _require_support(data)
            data["support"] = [{"ops": (op,), "source": _SOURCE}, *_support_without(data, op)]
        case Unsupported(op):
            _require_support(data)
            data["support"] = _support_without(data, op)
        case Fallback(name):
            data["partition"] = {**data["partition"], "fallback": name}
        case NotLowered(rule):
            kept = [entry for entry in data["lowering"] if entry["rule"] != rule]
            if len(kept) == len(data["lowering"]):
                raise ValueError(f"lowering: no rule '{rule}'{did_you_mean(rule, _rules(data))}")
            data["lowering"] = kept
        case Alike(op, like):
            data["alike"] = [*data["alike"], {"ops": (op,), "like": like, "source": _SOURCE}]


def _rules(data: dict[str, Any]) -> list[str]:
    return [entry["rule"] for entry in data["lowering"]]


def _without(entry: dict[str, Any], op: str, producers: tuple[str, ...]) -> list[dict[str, Any]]:
    """The fusion rules that remain of one, where an operator no longer stands behind these producers."""
    first, *rest = entry["pattern"]
    firsts = first.split("|")
    concerned = [name for name in firsts if not producers or name in producers]
    place = next((i for i, names in enumerate(rest) if op in names.removesuffix("+").split("|")), None)
    if place is None or not concerned:
        return [entry]
    spared = [name for name in firsts if name not in concerned]
    found = [{**entry, "pattern": ("|".join(spared), *rest)}] if spared else []
    names = rest[place]
    others = [name for name in names.removesuffix("+").split("|") if name != op]
    shorter = [*rest[:place], "|".join(others) + "+" * names.endswith("+"), *rest[place + 1 :]] if others else []
    tails = (tail for tail in (shorter, rest[:place]) if tail)
    return found + [{**entry, "pattern": ("|".join(concerned), *tail)} for tail in tails]


def _require_support(data: dict[str, Any]) -> None:
    if not data["support"]:
        raise ValueError(f"support: the partition rule is '{data['partition']['rule']}', so that every operator runs")


def _support_without(data: dict[str, Any], op: str) -> list[dict[str, Any]]:
    rest = ({**entry, "ops": tuple(name for name in entry["ops"] if name != op)} for entry in data["support"])
    return [entry for entry in rest if entry["ops"]]
