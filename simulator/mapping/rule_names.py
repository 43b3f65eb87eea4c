"""Platform files name operators and rules; here the names are held against what the code has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from stairline.hwmodels.platform import Machine, PlatformError
from stairline.hwmodels.reports.text import did_you_mean
from stairline.simulator.graph.ops import OPS

from .fusion import CONDITIONS
from .layouts import LAYOUTS
from .lowering import PASSES
from .rewrites import REWRITES
from .support import CONSTRAINTS


@lru_cache(maxsize=256)
def verify_names(machine: Machine) -> None:
    """Raise PlatformError naming the first operator or rule of the platform that does not exist."""
    for key, name, known in _names(machine):
        if name not in known:
            hint = did_you_mean(name, known, f"; known: {', '.join(sorted(known))}")
            raise PlatformError(f"{machine.name}: {key}: nothing is called '{name}'{hint}")


def _names(machine: Machine) -> Iterator[tuple[str, str, Collection[str]]]:
    yield from (("kernels", op, OPS) for op in machine.rules)
    yield from (
        ("lowering", entry.rule, REWRITES.keys() | PASSES.keys() | LAYOUTS.keys()) for entry in machine.lowering
    )
    for rule in machine.support:
        yield from (("support.ops", op, OPS) for op in rule.ops)
        yield from (("support.constraints", name, CONSTRAINTS) for name in rule.constraints)
    for fusion in machine.fusion:
        yield from (("fusion.when", name, CONDITIONS) for name in fusion.when)
        for element in fusion.pattern:
            yield from (("fusion.pattern", op, OPS) for op in element.removesuffix("+").split("|"))
