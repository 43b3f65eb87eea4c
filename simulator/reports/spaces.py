"""The reports on spaces of networks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, number, prose, word
from stairline.simulator.spaces.compiled import Found
from stairline.simulator.spaces.reduction import Reduction
from stairline.simulator.spaces.structure import Codes, Structure


class Drawn(NamedTuple):
    """The networks of a space with these codes on one platform."""

    space: Structure
    platform: str
    dtype: str
    codes: Codes
    found: Found
    slow_reason: str
    """Why the networks were planned one by one; empty where the space was compiled."""


def spaces_report(spaces: Iterable[Structure]) -> list[Block]:
    """The spaces by name, with their size."""
    rows = tuple((s.name, str(len(s.positions)), f"{s.size:.3g}") for s in spaces)
    return [Table((word("space"), number("positions"), number("codes")), rows)]


def space_report(space: Structure) -> list[Block]:
    """The positions of a space and their choices, in the order of the numbers of a code."""
    rows = tuple((p.name, str(len(p.choices)), ", ".join(c.label for c in p.choices)) for p in space.positions)
    return [
        Heading(f"{space.name}: {space.size:,} codes"),
        Table((word("position"), number("choices"), prose("labels")), rows),
    ]


def drawn_report(drawn: Drawn, shown: int = 5) -> list[Block]:
    """The quantiles of the latencies, and the quickest networks with their codes."""
    latency_ms = drawn.found.latency_s * 1e3
    low, middle, high = np.quantile(latency_ms, (0.0, 0.5, 1.0))
    statuses = ", ".join(f"{count:,} {name}" for name, count in zip(*np.unique(drawn.found.status, return_counts=True)))
    facts: list[tuple[str, str | Cell]] = [
        ("networks", f"{len(drawn.codes):,} of {drawn.space.size:,}: {statuses}"),
        ("latency", f"{low:,.3f} to {high:,.3f} ms, median {middle:,.3f} ms"),
    ]
    if drawn.slow_reason:
        facts.append(("one by one", Cell(drawn.slow_reason, "yellow")))
    quickest = np.argsort(latency_ms, kind="stable")[:shown]
    rows = tuple((f"{latency_ms[i]:,.3f}", f"{drawn.found.macs[i] / 1e6:,.1f}", text(drawn.codes[i])) for i in quickest)
    return [
        Heading(f"{drawn.space.name} on {drawn.platform}, {drawn.dtype}"),
        Facts(tuple(facts)),
        Table((number("ms"), number("MMACs"), prose("code, quickest first")), rows),
    ]


def drawn_rows(drawn: Sequence[Drawn]) -> Iterator[tuple[str, ...]]:
    """Rows of a table, its header first: one for each network and platform."""
    yield "space", "code", "platform", "dtype", "latency_ms", "energy_mj", "status", "macs"
    for of in drawn:
        for code, latency_s, energy_j, status, macs in zip(of.codes, *of.found):
            energy_mj = "" if np.isnan(energy_j) else f"{energy_j * 1e3:.6g}"
            numbers = (f"{latency_s * 1e3:.6g}", energy_mj, str(status), f"{macs:.0f}")
            yield of.space.name, text(code), of.platform, of.dtype, *numbers


def reduction_report(reduction: Reduction, platform: str, dtype: str) -> list[Block]:
    """What was removed of each position and why, and the sizes before and after."""
    before, after = reduction.size_before, reduction.space.size
    removed: dict[str, list[str]] = {}
    for choice in reduction.removed:
        removed.setdefault(choice.position, []).append(f"{choice.label}: {choice.reason}")
    rows = tuple(
        (position.name, ", ".join(c.label for c in position.choices), "; ".join(removed[position.name]))
        for position in reduction.space.positions
        if position.name in removed
    )
    sizes = Facts(
        (("before", f"{before:.4g} codes"), ("after", f"{after:.4g} codes, {before / after:.4g} times fewer"))
    )
    heading = Heading(f"{reduction.space.name} on {platform}, {dtype}")
    if not rows:
        return [heading, sizes, "Every choice is worth trying here."]
    return [heading, sizes, Table((word("position"), prose("kept"), prose("removed")), rows)]


def reduction_json(reduction: Reduction, platform: str, dtype: str) -> str:
    """The reduction as JSON: the labels that are kept by position, and what was removed with its reason."""
    kept = {p.name: [c.label for c in p.choices] for p in reduction.space.positions}
    removed = [choice._asdict() for choice in reduction.removed]
    answer = {
        "space": reduction.space.name,
        "platform": platform,
        "dtype": dtype,
        "size_before": str(reduction.size_before),
        "size_after": str(reduction.space.size),
        "kept": kept,
        "removed": removed,
    }
    return json.dumps(answer, indent=2)


def text(code: NDArray[np.uint8]) -> str:
    """A code as text: its choices between hyphens."""
    return "-".join(map(str, code))
