"""Names in texts: the nearest known one for complaints about unknown ones, and one that stands for many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a complaint, "; did you mean 'x'?", with the nearest known name; ``otherwise`` where none is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else otherwise


def first(names: Sequence[str], what: str) -> str:
    """A single name, or of several their number and the first."""
    return names[0] if len(names) == 1 else f"{len(names):,} {what}, the first {names[0]}"
