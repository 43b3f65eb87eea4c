"""Reports on many predictions: a line for each, or a table of platforms by networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stairline.hwmodels.reports.text import Block, Cell, Column, Table, Value, number, prose, word
from stairline.simulator.pricing.prediction import Summary

from .digits import decimal_places, three_digits
from .outcomes import Outcome
from .statuses import MARKS, STYLES, explanations, precisions

_WIDEST = 80
"""Width, in characters, that a table of platforms by networks keeps to: further networks follow in another table."""


def several(outcomes: Sequence[Outcome]) -> list[Block]:
    """The report on many predictions: a line for each, then the reasons for each status other than ok."""
    found = [o.summary for o in outcomes if o.summary is not None]
    energy = any(s.energy_j is not None for s in found)
    decimals = decimal_places([s.lower_s * 1e3 for s in found])
    columns = (
        *(prose("network"), prose("platform"), word("precision"), number("ms"), number("from"), number("to")),
        *((number("mJ"),) if energy else ()),
        word("status"),
    )
    rows = tuple((o.model, o.label, *_numbers(o, decimals, energy)) for o in outcomes)
    return [Table(columns, rows), *explanations(outcomes), *precisions(outcomes)]


def _numbers(o: Outcome, decimals: int, energy: bool) -> tuple[Value, ...]:
    """The cells of a line from the precision on."""
    s = o.summary
    if s is None:
        return o.dtype or "-", "-", "-", "-", *(("-",) if energy else ()), Cell(o.status, STYLES[o.status])
    bound = f"{'>' * o.is_bounded}{s.latency_s * 1e3:,.{decimals}f}"
    ends = (f"{end_s * 1e3:,.{decimals}f}" for end_s in (s.lower_s, s.upper_s))
    spent = ("-" if s.energy_j is None else three_digits(s.energy_j * 1e3),) if energy else ()
    status = Cell(" ".join(dict.fromkeys((s.status, *s.flags))), STYLES[s.status])
    # A latency that no device can show has no interval.
    return s.dtype, bound, *(("-", "-") if s.status == "cannot_run" else ends), *spent, status


def comparison(outcomes: Sequence[Outcome], platforms: int) -> list[Block]:
    """The table of latencies in ms, a row for each platform, then the reasons for each status other than ok.

    ``outcomes`` holds, network after network, one outcome for each of the ``platforms``.
    """
    networks = [outcomes[start : start + platforms] for start in range(0, len(outcomes), platforms)]
    decimals = decimal_places([o.summary.latency_s * 1e3 for o in outcomes if o.summary is not None])
    rows = [[o.dtype for o in row if o.summary is not None] for row in zip(*networks)]
    one_each = all(len(set(row)) <= 1 for row in rows)
    columns: list[tuple[Column, ...]] = [(word("ms"), word("precision")) if one_each else (word("ms"),)]
    cells: list[list[tuple[Value, ...]]] = [
        [(o.label, *((row[0] if row else "-",) if one_each else ())) for o, row in zip(networks[0], rows)]
    ]
    for network in networks:
        columns.append((number(network[0].model), *(() if one_each else (word("as"),))))
        cells.append([(_marked(o, decimals), *(() if one_each else (o.dtype or "-",))) for o in network])
    tables = [
        Table(tuple(c for g in part for c in columns[g]), tuple(_joined([cells[g] for g in part])))
        for part in _parts([_width(*group) for group in zip(columns, cells)])
    ]
    return [*tables, *explanations(outcomes, MARKS), *precisions(outcomes)]


def _parts(widths: Sequence[int]) -> Iterator[list[int]]:
    """Groups of columns, by their ``widths``, that fit beside the first group, which stands in every part."""
    part, used = [0], widths[0]
    for index, width in enumerate(widths[1:], start=1):
        if len(part) > 1 and used + width > _WIDEST:
            yield part
            part, used = [0], widths[0]
        part.append(index)
        used += width
    yield part


def _width(columns: tuple[Column, ...], rows: Sequence[tuple[Value, ...]]) -> int:
    """The width of a group of columns in characters, with the gap behind each."""
    texts = zip(*([column.title for column in columns], *(map(_text, row) for row in rows)))
    return sum(max(map(len, column)) + 2 for column in texts)


def _text(value: Value) -> str:
    return value.text if isinstance(value, Cell) else value


def _joined(groups: Sequence[Sequence[tuple[Value, ...]]]) -> Iterator[tuple[Value, ...]]:
    for row in zip(*groups):
        yield tuple(value for group in row for value in group)


def _marked(o: Outcome, decimals: int) -> Cell:
    if o.summary is None:
        return Cell(f"-{MARKS[o.status]}", STYLES[o.status])
    return Cell(f"{'>' * o.is_bounded}{o.summary.latency_s * 1e3:,.{decimals}f}{MARKS[o.status]}", STYLES[o.status])


def table(outcomes: Sequence[Outcome], platforms: int) -> list[tuple[str, ...]]:
    """The rows of the comparison as CSV: a header, then for each platform and network latency, precision and status."""
    networks = [outcomes[start : start + platforms] for start in range(0, len(outcomes), platforms)]
    heads = [f"{network[0].model} {what}" for network in networks for what in ("ms", "precision", "status")]
    rows = [
        (row[0].platform, *(text for o in row for text in (_milliseconds(o.summary), o.dtype, o.status)))
        for row in zip(*networks)
    ]
    return [("platform", *heads), *rows]


def _milliseconds(s: Summary | None) -> str:
    return "" if s is None else f"{s.latency_s * 1e3:.6g}"


def comparison_records(outcomes: Sequence[Outcome], platforms: int) -> Iterator[dict[str, Any]]:
    """One JSON record for each platform, with the headline of every network on it."""
    networks = [outcomes[start : start + platforms] for start in range(0, len(outcomes), platforms)]
    for row in zip(*networks):
        yield {"schema_version": 1, "platform": row[0].platform, "predictions": list(map(_record, row))}


def _record(o: Outcome) -> dict[str, Any]:
    s = o.summary
    has_interval = s is not None and s.status != "cannot_run"
    return {
        "network": o.model,
        "dtype": o.dtype or None,
        "status": o.status,
        "latency_ms": None if s is None else s.latency_s * 1e3,
        "lower_ms": s.lower_s * 1e3 if s is not None and has_interval else None,
        "upper_ms": s.upper_s * 1e3 if s is not None and has_interval else None,
        "flags": [] if s is None else list(s.flags),
        "reasons": list(o.reasons),
    }
