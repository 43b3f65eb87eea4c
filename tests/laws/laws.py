"""All laws by name, equivalences among them, in one form: cases to draw, and how a target breaks the law in one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from .equivalences import EQUIVALENCES, Equivalence
from .handover import Result, cheaper_as_output
from .published import COMPILED, unlike_vela
from .scaling import LAWS as SCALING
from .scaling import Law, Violation
from .targets import Target, differing

CORRECTED = "{}, corrected"
"""Name of the law that a learned correction keeps equal what the mechanisms price alike."""


def _alike(equivalence: Equivalence) -> Law:
    def broken(case: Any, target: Target) -> Iterator[Violation]:
        text = differing(target.analytical, equivalence.spell(case))
        if text:
            yield Violation(equivalence.operator(case), text)

    return Law(equivalence.cases, broken)


def _corrected_alike(equivalence: Equivalence) -> Law:
    def broken(case: Any, target: Target) -> Iterator[Violation]:
        if target.analytical is not target and not differing(target.analytical, equivalence.spell(case)):
            text = differing(target, equivalence.spell(case))
            if text:
                yield Violation(equivalence.operator(case), text)

    return Law(equivalence.cases, broken)


LAWS: dict[str, Law] = {
    **{name: _alike(equivalence) for name, equivalence in EQUIVALENCES.items()},
    **{CORRECTED.format(name): _corrected_alike(equivalence) for name, equivalence in EQUIVALENCES.items()},
    **SCALING,
    "result": Law(st.builds(Result, st.sampled_from((8, 16, 32)), st.sampled_from((16, 64, 300))), cheaper_as_output),
    "Vela": Law(st.sampled_from(COMPILED), unlike_vela),
}
