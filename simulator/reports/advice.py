"""The report on what to change about a network, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stairline.hwmodels.reports.text import Block, Cell, Facts, Heading, Table, Value, number, prose, word
from stairline.simulator.advice.advise import Advised
from stairline.simulator.advice.case import Advice
from stairline.simulator.advice.partitions import HostRun
from stairline.simulator.graph.graph import Graph

from .digits import three_digits
from .records import SCHEMA_VERSION
from .statuses import MEANINGS, STYLES

CSV_COLUMNS = (
    *(
        "net",
        "platform",
        "dtype",
        "number",
        "kind",
        "what",
        "gain_ms",
        "gain_share",
        "after_ms",
        "after_dtype",
        "images",
    ),
    *("status", "layers", "why", "caution"),
)

_MOST_FREE = 8
"""Rows shown of changes that cost nothing."""
_MOST_RUNS = 5
"""Rows shown of what falls back."""


def advice_report(title: str, found: Advised) -> list[Block]:
    """What to change and what it saves, what could grow for nothing, and what falls back."""
    gains = [(place, one) for place, one in numbered(found) if not one.change.adds]
    free = [(place, one) for place, one in numbered(found) if one.change.adds]
    return [
        Heading(title),
        Facts(tuple(_outcome(found))),
        *(_host_runs(found.host_runs) if found.host_runs else ()),
        *([Heading("Saves time"), _table(gains)] if gains else []),
        *([Heading("Costs nothing"), *_free(free)] if free else []),
        *([] if found.advice else ["There is nothing to gain by any change that is tried."]),
        *(_legend(found) if found.advice else []),
    ]


def numbered(found: Advised) -> Iterator[tuple[int, Advice]]:
    """The advice with its numbers, from 1, by which users name it."""
    return enumerate(found.advice, 1)


def advice_record(found: Advised, graph: Graph) -> dict[str, Any]:
    """The JSON record of all advice on one network; times are in ms."""
    s = found.before.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "network": graph.name,
        "platform": s.platform,
        "platform_digest": found.before.platform_digest,
        "dtype": s.dtype,
        "status": s.status,
        "latency_ms": s.latency_s * 1e3,
        "caution": found.caution or None,
        "advice": [_advice_record(place, one) for place, one in numbered(found)],
        "falls_back": [_run_record(run) for run in found.host_runs],
    }


def csv_rows(found: Advised, graph: Graph) -> Iterator[tuple[str, ...]]:
    """A row of ``CSV_COLUMNS`` for each piece of advice."""
    s = found.before.summary
    for place, one in numbered(found):
        change, after = one.change, one.after.summary
        numbers = (f"{one.gain_s * 1e3:.6g}", f"{one.gain_share:.6g}", f"{after.latency_s * 1e3:.6g}")
        ends = (
            change.dtype,
            str(change.images),
            after.status,
            ";".join(change.layers),
            str(change.why),
            change.caution,
        )
        yield graph.name, s.platform, s.dtype, str(place), change.kind, change.what, *numbers, *ends


def _outcome(found: Advised) -> Iterator[tuple[str, Value]]:
    s = found.before.summary
    yield "latency", Cell(f"{three_digits(s.latency_s * 1e3)} ms", "bold")
    yield "status", Cell(MEANINGS[s.status], STYLES[s.status])
    if s.status == "cannot_run":
        yield from (("reason", reason) for reason in found.before.reasons[:3])
    if found.caution:
        yield "accuracy", Cell(found.caution, "yellow")


def _host_runs(runs: tuple[HostRun, ...]) -> list[Block]:
    rows = tuple(
        (three_digits(run.latency_s * 1e3), three_digits(run.crossings_s * 1e3), str(run.kernels), run.refused)
        for run in runs[:_MOST_RUNS]
    )
    columns = (number("ms"), number("of it\ncrossings"), number("kernels"), prose("because of"))
    left = len(runs) - _MOST_RUNS
    more = (
        [f"and {left} more, {three_digits(sum(r.latency_s for r in runs[_MOST_RUNS:]) * 1e3)} ms"] if left > 0 else []
    )
    return [Heading("Falls back to the host"), Table(columns, rows), *more]


def _table(gains: list[tuple[int, Advice]]) -> Table:
    rows = tuple(
        (
            str(place),
            Cell(three_digits(one.gain_s * 1e3), "green"),
            f"{one.gain_share:.1%}",
            _said(one),
            one.change.why.name,
        )
        for place, one in gains
    )
    return Table((number("no."), number("ms"), number("saved"), prose("change"), word("why")), rows)


def _legend(found: Advised) -> list[Block]:
    """What the reasons say, and what a line of the tables is."""
    reasons = sorted({one.change.why for one in found.advice})
    last = "Each change is the network with that line alone changed, predicted again; --apply NO. writes it as a table."
    return ["", *map(str, reasons), last]


def _said(one: Advice) -> str:
    """What to do, what becomes of the status by it, and the caution."""
    before, after = one.before.status, one.after.status
    status = f" (then {after})" if after != before else ""
    return f"{one.change.what}{status}{'; ' if one.change.caution else ''}{one.change.caution}"


def _free(free: list[tuple[int, Advice]]) -> list[Block]:
    rows = tuple((str(place), _said(one), one.change.why.name) for place, one in free[:_MOST_FREE])
    left = len(free) - _MOST_FREE
    more = [f"and {left} more, which --json and --csv list"] if left > 0 else []
    return [Table((number("no."), prose("change"), word("why")), rows), *more]


def _advice_record(place: int, one: Advice) -> dict[str, Any]:
    change, after = one.change, one.after.summary
    return {
        "number": place,
        "kind": change.kind,
        "what": change.what,
        "why": str(change.why),
        "caution": change.caution or None,
        "layers": list(change.layers),
        "gain_ms": one.gain_s * 1e3,
        "gain_share": one.gain_share,
        "dtype": change.dtype,
        "images": change.images,
        "status": after.status,
        "latency_ms": after.latency_s * 1e3,
    }


def _run_record(run: HostRun) -> dict[str, Any]:
    return {
        "refused": run.refused,
        "layers": list(run.layers),
        "kernels": run.kernels,
        "host_ms": run.host_s * 1e3,
        "crossings_ms": run.crossings_s * 1e3,
    }
