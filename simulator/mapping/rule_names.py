"""Platform files name operators and rules; here the names are compared with those that are registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from stairline.hwmodels.machine import GROUPED, ROWS
from stairline.hwmodels.platform import Machine, PlatformError
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.ops import OPS

from .fusion import CONDITIONS
from .layouts import LAYOUTS
from .lowering import PASSES
from .placement import PLACEMENTS
from .rewrites import REWRITES
from .support import CONSTRAINTS


def names_are_known(machine: Machine) -> bool:
    """Whether every operator and rule that the platform names is registered."""
    return all(name in known for _, name, known in _names(machine))


def verify_names(machine: Machine) -> None:
    """Raise PlatformError naming the first operator or rule of the platform that does not exist."""
    for key, name, known in _names(machine):
        if name not in known:
            hint = did_you_mean(name, known, f"; known: {', '.join(sorted(known))}")
            raise PlatformError(f"{machine.name}: {key}: nothing is called '{name}'{hint}")


def _names(machine: Machine) -> Iterator[tuple[str, str, Collection[str]]]:
    """(key of the platform file, name that it gives, names that are known there)."""
    yield from (("kernels", op, OPS.keys() | {*GROUPED.values(), *ROWS.values()}) for op in machine.rules)
    lowering = REWRITES.keys() | PASSES.keys() | LAYOUTS.keys()
    yield from (("lowering", entry.rule, lowering) for entry in machine.lowering)
    for rule in machine.support:
        yield from (("support.ops", op, OPS) for op in rule.ops)
        yield from (("support.constraints", name, CONSTRAINTS) for name in rule.constraints)
    for fusion in machine.fusion:
        yield from (("fusion.when", name, CONDITIONS) for name in fusion.when)
        for element in fusion.pattern:
            yield from (("fusion.pattern", op, OPS) for op in element.removesuffix("+").split("|"))
    if machine.placement_rule is not None:
        yield "placement.rule", machine.placement_rule, PLACEMENTS
