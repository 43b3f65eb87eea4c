"""Reports on platforms, as blocks of text for people to read; see ``hwmodels.reports.text``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

from stairline.hwmodels.kernels.registry import kernel_model
from stairline.hwmodels.overlay import OverlayFile
from stairline.hwmodels.platform import Platform
from stairline.hwmodels.provenance import Quantity, SourceKind, at_dtype
from stairline.hwmodels.quantities import quantities
from stairline.hwmodels.schema import ELEMENT_BYTES, Derivation

from .text import Block, Cell, Facts, Heading, Table, Value, number, prose, word

KINDS: tuple[str, ...] = get_args(SourceKind)
"""Kinds of sources, from the strongest claim on the hardware to the weakest."""


def provenance(platform: Platform, dtype: str | None = None) -> dict[str, int]:
    """How many numbers of the platform come from each kind of source; with ``dtype``, those used at that precision.

    Kinds that no number comes from are left out.
    """
    others = ELEMENT_BYTES.keys() - {dtype} if dtype else set()
    kinds: Counter[str] = Counter(
        platform.file.sources[quantity.source].kind
        for key, quantity in quantities(platform.file)
        if others.isdisjoint(key.split("."))
    )
    return {kind: kinds[kind] for kind in KINDS if kinds[kind]}


def rests_on(kinds: dict[str, int]) -> str:
    """The counts of ``provenance`` in words, the weakest first: "6 assumed, 5 fitted, 3 published numbers"."""
    return ", ".join(f"{kinds[kind]} {kind}" for kind in reversed(KINDS) if kind in kinds) + " numbers"


def listing(platforms: tuple[Platform, ...], *, titles: bool = False) -> list[Block]:
    """The list of all platforms, one per line, with their precisions or, with ``titles``, with what they are."""
    last = prose("what it is") if titles else word("precisions")
    rows = tuple(
        (", ".join(p.file.aliases) or "-", p.name, p.file.title if titles else ", ".join(p.dtypes)) for p in platforms
    )
    return [
        Table((word("alias"), word("name"), last), rows),
        "",
        "The first precision is the default. --titles says what each platform is,",
        "and 'stairline platforms show NAME' explains one.",
    ]


def description(platform: Platform) -> list[Block]:
    """A platform's description, its roofs with their ridge points, its kernels and every other number."""
    file, about = platform.file, platform.file.platform
    facts: tuple[tuple[str, Value], ...] = (
        ("name", Cell(platform.name, "bold")),
        ("alias", ", ".join(file.aliases) or "-"),
        ("device", about.device),
        ("processor", about.processor),
        ("runtime", about.runtime),
        ("precisions", ", ".join(platform.dtypes)),
        ("file", f"{platform.path} (digest {platform.digest})"),
        ("rests on", rests_on(provenance(platform))),
        *(_calibrated(platform.overlay) if platform.overlay else ()),
        *(_derived(file.derived_from) if file.derived_from else ()),
        *(("note", note) for note in file.notes),
    )
    kernels: list[Block] = [Heading("Kernel models")]
    for ops, rule in file.kernels.items():
        runs_on = rule.processor or about.processor
        kernels += ["", f"{ops.replace('|', ', ')}: {rule.model} on {runs_on}. {_meaning(rule.model)}"]
        if rule.parameters:
            kernels.append(_numbers(platform, f"kernels.{ops}."))
    others = _numbers(platform, "", skip=("roofs.", "kernels."))
    return [
        Heading(file.title),
        Facts(facts),
        Heading("Roofs"),
        _ridge_points(platform),
        _numbers(platform, "roofs."),
        *kernels,
        Heading("Other numbers"),
        others,
    ]


def sources(platform: Platform) -> list[Block]:
    """Every source of a platform, its kind, and how many numbers come from it."""
    uses = Counter(quantity.source for _, quantity in quantities(platform.file))
    rows = tuple((key, s.kind, str(uses[key]), s.cite) for key, s in platform.file.sources.items())
    return [Heading("Sources"), Table((word("key"), word("kind"), number("numbers"), prose("source")), rows)]


def _derived(origin: Derivation) -> Iterator[tuple[str, Value]]:
    """What a platform that nobody has was derived from, and how."""
    yield "derived from", f"{origin.platform} (digest {origin.digest})"
    yield from (("change", text) for text in origin.changes)


def _calibrated(overlay: OverlayFile) -> Iterator[tuple[str, Value]]:
    """The parent of an overlay, the measurements that it was fitted to, its scores and its verdict."""
    about, s = overlay.calibration, overlay.calibration.scores
    yield "over", f"{overlay.parent} (digest {overlay.parent_digest}), of which {len(overlay.values)} numbers differ"
    yield "fitted to", f"{about.networks} networks of {about.records} (digest {about.records_digest})"
    yield from about.conditions.items()
    yield "held out", f"{s.within_10:.1%} of networks within 10 %, {s.within_20:.1%} within 20 %, MAPE {s.mape:.1%}"
    if s.family_within_10 is not None and s.family_within_20 is not None:
        within = f"{s.family_within_10:.1%} within 10 %, {s.family_within_20:.1%} within 20 %"
        yield "families held out", f"{within}, mean over {s.families}"
    yield from (("verdict", line) for line in about.verdict)


def _meaning(model: str) -> str:
    return (kernel_model(model).parameters.__doc__ or "").splitlines()[0]


def _ridge_points(platform: Platform) -> Table:
    """The peak rate per precision, and the MAC/byte above which it limits a kernel, rather than each memory."""
    file = platform.file
    memories = file.roofs.memory
    rows = []
    for dtype in platform.dtypes:
        clock_hz = at_dtype(file.platform.clock_hz, dtype).value
        macs_per_s = at_dtype(file.roofs.compute[dtype].macs_per_cycle, dtype).value * clock_hz  # type: ignore[index]
        rates = [at_dtype(memory.bandwidth_bytes_per_s, dtype).value for memory in memories.values()]
        rows.append((dtype, f"{macs_per_s / 1e9:,.1f}", *(f"{macs_per_s / rate:,.2f}" for rate in rates)))
    ridges = (number(f"ridge at {name}\n(MAC/byte)") for name in memories)
    return Table((word("precision"), number("peak\n(GMAC/s)"), *ridges), tuple(rows))


def _numbers(platform: Platform, prefix: str, skip: tuple[str, ...] = ()) -> Table:
    """Numbers whose dotted key starts with ``prefix``: a row per number, a column per precision where they differ."""
    cells: dict[str, dict[str, Quantity]] = {}
    for key, quantity in quantities(platform.file):
        if key.startswith(prefix) and not key.startswith(skip or "\0"):
            parts = key.removeprefix(prefix).split(".")
            own = [part for part in parts if part in ELEMENT_BYTES] or platform.dtypes
            name = ".".join(part for part in parts if part not in ELEMENT_BYTES)
            cells.setdefault(name, {}).update(dict.fromkeys(own, quantity))
    rows = []
    for name, by_dtype in cells.items():
        values = (f"{by_dtype[dtype].value:g}" if dtype in by_dtype else "-" for dtype in platform.dtypes)
        rows.append((name, *values, ", ".join(dict.fromkeys(q.source for q in by_dtype.values()))))
    return Table((word("key"), *map(number, platform.dtypes), prose("source")), tuple(rows))


def record(platform: Platform) -> dict[str, Any]:
    """The JSON record of one platform in the list of platforms."""
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
