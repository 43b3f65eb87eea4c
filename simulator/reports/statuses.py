"""What the statuses of predictions mean, and the reasons for them, gathered over many predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from stairline.hwmodels.reports.text import Block, Table, prose
from stairline.hwmodels.spelling import first
from stairline.simulator.pricing.prediction import FAILED

from .outcomes import Outcome

STYLES = {"ok": "green", "lower_bound": "yellow", "falls_back": "yellow", "cannot_run": "bold red", FAILED: "bold red"}
MARKS = {"ok": " ", "lower_bound": " ", "falls_back": "*", "cannot_run": "!", FAILED: " "}
MEANINGS = {
    "ok": "ok: all operators run on the platform",
    "lower_bound": "lower_bound: operators without a model are left out; the others run on the platform",
    "falls_back": "falls_back: some operators run on the fallback processor; their time and transfers are included",
    "cannot_run": "cannot_run: the platform cannot run the network; the latency is what its operators would take",
    FAILED: "failed: there is no prediction",
}


def explanations(
    outcomes: Iterable[Outcome], marks: Mapping[str, str] = MappingProxyType({}), shown: int = 30
) -> list[Block]:
    """The meaning of each status other than ok that occurs, behind its mark, and the table of reasons."""
    explained = [o for o in outcomes if o.status != "ok" or o.is_bounded]
    if not explained:
        return []
    legend = [
        f"{marks.get(status, '')} {text}".lstrip()
        for status, text in MEANINGS.items()
        if status not in ("ok", "lower_bound") and any(o.status == status for o in explained)
    ]
    if any(o.is_bounded for o in explained):
        legend.append("> a lower bound: operators that have no model or were not measured are left out")
    rows = _reasons(explained)
    left = f"and {len(rows) - shown:,} more reasons; --json lists them all"
    table = [Table((prose("platform"), prose("reason"), prose("network")), tuple(rows[:shown]))] if rows else []
    return ["", *legend, *table, *([left] if len(rows) > shown else [])]


def _reasons(explained: Sequence[Outcome]) -> list[tuple[str, str, str]]:
    """A row for each reason, with the platforms and the networks that have it: failures first."""
    pairs: dict[str, dict[tuple[str, str], None]] = {}
    for o in sorted(explained, key=lambda o: o.status != FAILED):
        for reason in o.reasons:
            why = reason if o.status == FAILED else split(reason)[1]
            pairs.setdefault(why.replace(f" on {o.platform}", ""), {})[o.label, o.model] = None
    return [
        (
            first(list(dict.fromkeys(label for label, _ in found)), "platforms"),
            why,
            first(list(dict.fromkeys(model for _, model in found)), "networks"),
        )
        for why, found in pairs.items()
    ]


def precisions(outcomes: Iterable[Outcome]) -> list[Block]:
    """A line for each network and precision that is not its file's, with the platforms that it is predicted so on."""
    labels: dict[tuple[str, str, str], list[str]] = {}
    for o in outcomes:
        if o.summary is not None and "other_precision" in o.summary.flags:
            labels.setdefault((o.model, o.summary.file_dtype, o.dtype), []).append(o.label)
    return [
        f"the file of {model} is {file_dtype}: predicted as {dtype} on {_few(names)}"
        for (model, file_dtype, dtype), names in labels.items()
    ]


def _few(names: Sequence[str], shown: int = 4) -> str:
    """The names, or of many the first ones and how many others there are."""
    if len(names) <= shown:
        return ", ".join(names)
    return f"{', '.join(names[: shown - 1])} and {len(names) - shown + 1} more platforms"


def split(reason: str) -> tuple[str, str]:
    """The layer that a reason is about, "" where it is about the whole network, and the reason itself."""
    layer, _, why = reason.partition(": ")
    return (layer, why) if why else ("", layer)
