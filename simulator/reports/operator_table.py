"""The canonical operators as a page: the work rules of each, and what each platform does with it and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stairline.hwmodels import Platform, load
from stairline.hwmodels.platform import Machine
from stairline.simulator.graph.ops import OPS
from stairline.simulator.mapping.rewrites import REWRITES
from stairline.simulator.mapping.support import CONSTRAINTS
from stairline.simulator.walk import require_rules

_INTRODUCTION = """# Operators

The canonical operators, into which the readers of all formats convert, and what each platform does with them. This page
is written by `docs/generate.py` from the code and the platform files. `stairline ops MODEL -p PLATFORM` says the same
of one network, layer by layer.

## Work

The unit of work is the multiply-accumulate (MAC). Operators without a rule for MACs have none; what they compute is
counted in operations for each element of the output, and of the input for reductions and searches."""

_CELLS = """## Platforms

A cell names the kernel model that prices the operator. *rewritten*: the runtime's converter turns it into other
operators. *host*: the processor does not run it, so that it falls back to the platform's host, which the model behind
it prices. A dash: the platform has no model for it, and a network that holds it is refused there, or is a lower bound
with `--allow-unknown`. A number is that of a reason below the tables."""


def page(platforms: Sequence[Platform]) -> str:
    """The whole page, for these platforms."""
    reasons: dict[str, int] = {}
    groups = [[p.machine() for p in platforms[start : start + 4]] for start in range(0, len(platforms), 4)]
    tables = ["\n".join(_table(machines, reasons)) for machines in groups]
    numbered = "\n".join(f"{place}. {reason}" for reason, place in reasons.items())
    return "\n\n".join([_INTRODUCTION, _work(), _CELLS, *tables, numbered]) + "\n"


def _work() -> str:
    lines = ["| operator | output | MACs | operations |", "|---|---|---|---|"]
    for op, spec in sorted(OPS.items()):
        output = " ".join((spec.shape.__doc__ or "").split("\n\n")[0].split())
        macs = "" if spec.macs.__name__ == "_no_macs" else "counted"
        lines.append(f"| `{op}` | {output} | {macs} | {spec.ops_per_element or ''} |")
    return "\n".join(lines)


def _table(machines: Sequence[Machine], reasons: dict[str, int]) -> Iterator[str]:
    yield "| operator | " + " | ".join(machine.name for machine in machines) + " |"
    yield "|---" * (len(machines) + 1) + "|"
    for machine in machines:
        require_rules(machine)
    for op in sorted(OPS):
        yield f"| `{op}` | " + " | ".join(_cell(machine, op, reasons) for machine in machines) + " |"


def _cell(machine: Machine, op: str, reasons: dict[str, int]) -> str:
    rules = [rule for rule in machine.support if op in rule.ops]
    rewritten = any(op in REWRITES[entry.rule].ops for entry in machine.lowering if entry.rule in REWRITES)
    own = machine.rules.get(op)
    if machine.support and not rules:
        if rewritten:
            return "*rewritten*"
        return _elsewhere(machine, op, reasons)
    if own is None:
        return "*rewritten*" if rewritten else "-"
    limits = [(CONSTRAINTS[name].__doc__ or name).format(**rule.limits) for rule in rules for name in rule.constraints]
    return " ".join([own.model, *(_numbered(reason, reasons) for reason in limits)])


def _elsewhere(machine: Machine, op: str, reasons: dict[str, int]) -> str:
    """The cell of an operator that the processor does not run."""
    host = load(machine.fallback).machine() if machine.fallback else None
    priced = host.rules.get(op) if host else None
    unlisted = _numbered("it is not in the operator list of the processor's runtime", reasons)
    return f"- {unlisted}" if priced is None else f"*host* {priced.model} {unlisted}"


def _numbered(reason: str, reasons: dict[str, int]) -> str:
    return f"({reasons.setdefault(reason, len(reasons) + 1)})"
