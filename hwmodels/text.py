"""Blocks of a report, and how they look: plain aligned lines for a pipe, rich renderables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import RenderableType


class Cell(NamedTuple):
    """A text with the style it has in a terminal; ``style`` is rich's, such as "bold red"."""

    text: str
    style: str


Value = str | Cell


class Heading(NamedTuple):
    """A line of its own above what follows."""

    text: str


class Facts(NamedTuple):
    """Labels and what they say, one per line."""

    rows: tuple[tuple[str, Value], ...]


class Table(NamedTuple):
    """Columns by title; a title that starts with ">" has numbers below it and stands to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    title: str = ""


Block = Heading | Facts | Table | str

_GAP = "  "


def lines(blocks: Sequence[Block]) -> Iterator[str]:
    """The report as plain text, every cell on one line: what a pipe gets."""
    for number, block in enumerate(blocks):
        if number and not isinstance(block, str):
            yield ""
        if isinstance(block, str):
            yield block
        elif isinstance(block, Heading):
            yield block.text
        elif isinstance(block, Facts):
            width = max((len(label) for label, _ in block.rows), default=0)
            yield from (f"{label:<{width}}{_GAP}{_text(value)}".rstrip() for label, value in block.rows)
        else:
            yield from _table_lines(block)


def renderables(blocks: Sequence[Block]) -> Iterator[RenderableType]:
    """The same report for a terminal: coloured, long cells wrapped to its width."""
    from rich.text import Text

    for number, block in enumerate(blocks):
        if number and not isinstance(block, str):
            yield Text("")
        if isinstance(block, str):
            yield Text(block)
        elif isinstance(block, Heading):
            yield Text(block.text, style="bold")
        elif isinstance(block, Facts):
            yield _rich_facts(block)
        else:
            yield _rich_table(block)


def _table_lines(table: Table) -> Iterator[str]:
    titles = tuple(title.removeprefix(">") for title in table.columns)
    right = [title.startswith(">") for title in table.columns]
    texts = [titles, *(tuple(map(_text, row)) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*texts)]
    if table.title:
        yield table.title
    for row in texts:
        cells = (text.rjust(width) if r else text.ljust(width) for text, width, r in zip(row, widths, right))
        yield _GAP.join(cells).rstrip()


def _rich_facts(facts: Facts) -> RenderableType:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in facts.rows:
        grid.add_row(label, _rich_text(value))
    return grid


def _rich_table(table: Table) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Grid

    grid = Grid(box=SIMPLE_HEAD, title=table.title or None, title_justify="left", title_style="bold", pad_edge=False)
    for column in table.columns:
        right = column.startswith(">")
        grid.add_column(column.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in table.rows:
        grid.add_row(*map(_rich_text, row))
    return grid


def _rich_text(value: Value) -> RenderableType:
    from rich.text import Text

    return Text(value.text, style=value.style) if isinstance(value, Cell) else Text(value)


def _text(value: Value) -> str:
    return value.text if isinstance(value, Cell) else value
