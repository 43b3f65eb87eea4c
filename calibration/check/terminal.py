"""The report on a check for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, Value, number, prose, word

from .causes import FAULTS
from .outputs import Since
from .result import Check
from .rows import Row
from .watch import Watch

_ROWS = 12
"""Rows that a report shows."""
_STYLES = {"agrees": "green", "diverges": "bold red", "cannot_tell": "yellow", "unmatched": "yellow"}
_VERDICTS = {
    "agrees": "agrees: measurements and predictions are no further apart than their intervals say",
    "diverges": "diverges: measurements and predictions are apart",
    "cannot_tell": "cannot tell: the measurements are too noisy, or too few of them have a prediction",
}


def report(found: Check) -> list[Block]:
    """The blocks of a report: the verdict, the descriptions with their reasons, the worst rows, the faults."""
    counts = Counter(str(row.verdict) for row in found.rows)
    tally = ", ".join(f"{counts[verdict]} {verdict.replace('_', ' ')}" for verdict in _STYLES if counts[verdict])
    facts: list[tuple[str, Value]] = [
        ("verdict", Cell(_VERDICTS[found.verdict], _STYLES[found.verdict])),
        ("rows", f"{len(found.rows)}: {tally}"),
        ("false flags", f"{100 * found.false_discovery:g} % of those that diverge are expected to be wrong"),
        ("noise", _noise(found)),
    ]
    blocks: list[Block] = [Heading(f"{found.records} on {found.platform}"), Facts(tuple(facts))]
    blocks += list(_descriptions(found))
    worst = sorted((row for row in found.rows if row.diverges), key=lambda row: -abs(row.z or 0.0))
    if worst:
        blocks += _rows(found, worst)
    blocks += list(_faults(found))
    return blocks


def changes(found: Since) -> list[Block]:
    """What is new, gone and worse since an earlier check."""
    rows = [(word, text) for word, texts in zip(found._fields, found) for text in texts]
    return [Heading("Since the earlier check"), Facts(tuple(rows)) if rows else "nothing is new, gone or worse"]


def watched(found: Watch) -> list[Block]:
    """The report on times that were watched."""
    facts: list[tuple[str, Value]] = [
        ("times", f"{found.times}"),
        ("false alarms", f"at most {100 * found.false_alarms:g} %, however long one looks"),
        ("verdict", "something moved" if found.alarms else "nothing moved"),
    ]
    for alarm in found.alarms:
        whose = "all networks (the machine)" if alarm.what == "common" else f"{alarm.what} (runtime or driver)"
        span = f"since line {alarm.since_line}, noticed at line {alarm.at_line}"
        facts.append(("alarm", f"{whose}: {alarm.factor:.2f} times as long {span}"))
    if found.recalibrate_with:
        names = found.recalibrate_with
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        facts.append(("measure anew", f"{', '.join(names[:5])}{more}, then fit again"))
    return [Heading(f"{found.records} on {found.platform}"), Facts(tuple(facts))]


def _noise(found: Check) -> str:
    unknown = sum(row.noise is None for row in found.rows if row.joined.measured_s)
    if not unknown:
        return "as stated for each row"
    return f"not stated for {unknown} of {len(found.rows)} rows, which count as exact; a column std_ms states it"


def _descriptions(found: Check) -> Iterator[Block]:
    for place, one in enumerate(found.descriptions, 1):
        yield Heading(f"{place}. {one.text}")
        reasons = tuple((r.cause, r.evidence) for r in one.reasons)
        yield Facts((*reasons, ("to settle it", one.settle_with), ("in the file", ", ".join(one.platform_keys) or "-")))


def _rows(found: Check, worst: list[Row]) -> list[Block]:
    columns = (
        prose("network"),
        prose("kernel"),
        number("predicted"),
        number("measured"),
        number("error"),
        word("cause"),
    )
    causes = {id(row): cause for row, cause in zip(found.rows, found.causes)}
    lines = tuple(
        (
            found.nets[row.joined.net],
            row.joined.kernel or "-",
            f"{1e3 * (row.joined.predicted_s or 0.0):.4g}",
            f"{1e3 * (row.joined.measured_s or 0.0):.4g}",
            f"{100 * (row.error or 0.0):+.0f} %",
            causes[id(row)] or "-",
        )
        for row in worst[:_ROWS]
    )
    more = f"and {len(worst) - _ROWS} more, in --json" if len(worst) > _ROWS else "times in ms"
    return [Heading("Rows that diverge most"), Table(columns, lines), more]


def _faults(found: Check) -> Iterator[Block]:
    if not found.faults:
        return
    yield Heading("Faults of the measurement")
    by_kind: dict[str, list[str]] = {}
    for fault in found.faults:
        by_kind.setdefault(fault.kind, []).append(f"{fault.net}: {fault.detail}" if fault.net else fault.detail)
    yield Facts(
        tuple(
            (kind, f"{FAULTS[kind]}; {texts[0]}" + (f"; and {len(texts) - 1} more" if len(texts) > 1 else ""))
            for kind, texts in by_kind.items()
        )
    )
