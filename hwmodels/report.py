"""What people read about platforms: functions that return blocks of text, see ``hwmodels.text``."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_args

from .loading import quantities
from .platform import Platform
from .provenance import SourceKind
from .schema import ELEMENT_BYTES
from .text import Block, Table

KINDS: tuple[str, ...] = get_args(SourceKind)
"""Kinds of sources, from the strongest claim on the hardware to the weakest."""


def provenance(platform: Platform, dtype: str | None = None) -> dict[str, int]:
    """How many numbers of the platform rest on each kind of source; with ``dtype``, of those it uses at that precision.

    Kinds that none rests on are left out.
    """
    others = ELEMENT_BYTES.keys() - {dtype} if dtype else set()
    kinds: Counter[str] = Counter(
        platform.file.sources[quantity.source].kind
        for key, quantity in quantities(platform.file)
        if others.isdisjoint(key.split("."))
    )
    return {kind: kinds[kind] for kind in KINDS if kinds[kind]}


def rests_on(kinds: dict[str, int]) -> str:
    """ "6 assumed, 5 fitted, 3 published numbers", the weakest first."""
    return ", ".join(f"{kinds[kind]} {kind}" for kind in reversed(KINDS) if kind in kinds) + " numbers"


def listing(platforms: tuple[Platform, ...]) -> list[Block]:
    """All platforms, one per line."""
    rows = tuple((", ".join(p.file.aliases) or "-", p.name, ", ".join(p.dtypes), p.file.title) for p in platforms)
    return [
        Table(("alias", "name", "precisions", "what it is"), rows),
        "",
        "The first precision is the default. 'stairline platforms show NAME' explains one.",
    ]


def record(platform: Platform) -> dict[str, Any]:
    """One platform of the listing, for JSON."""
    about = platform.file.platform
    return {
        "name": platform.name,
        "aliases": list(platform.file.aliases),
        "title": platform.file.title,
        "device": about.device,
        "processor": about.processor,
        "runtime": about.runtime,
        "dtypes": list(platform.dtypes),
        "default_dtype": about.default_dtype,
        "digest": platform.digest,
        "provenance": provenance(platform),
    }
