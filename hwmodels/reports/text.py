"""Blocks of a report, and how they look: plain aligned lines for a pipe, rich renderables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import RenderableType


class Cell(NamedTuple):
    """A text and the style that it has in a terminal; ``style`` is a style of rich, such as "bold red"."""

    text: str
    style: str


Value = str | Cell


class Heading(NamedTuple):
    """A title on a line of its own, above the blocks that it heads."""

    text: str


class Facts(NamedTuple):
    """Pairs of a label and its value, one pair per line."""

    rows: tuple[tuple[str, Value], ...]


class Column(NamedTuple):
    """A column's title, its alignment, and whether its cells are broken into lines in a narrow terminal.

    A terminal breaks the title at its newlines.
    """

    title: str
    right: bool = False
    wraps: bool = False


def number(title: str) -> Column:
    """A column of numbers, aligned to the right."""
    return Column(title, right=True)


def prose(title: str) -> Column:
    """A column of long texts, which a narrow terminal breaks into lines."""
    return Column(title, wraps=True)


def word(title: str) -> Column:
    """A column of short texts, which stay on one line."""
    return Column(title)


class Table(NamedTuple):
    """Rows of as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


Block = Heading | Facts | Table | str

_GAP = "  "
_NARROWEST = 12
"""Width of a column that wraps, in characters, below which it is not squeezed."""


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


def renderable(block: Block) -> RenderableType:
    """A block for a terminal: coloured, with long cells wrapped to the terminal's width."""
    from rich.text import Text

    if isinstance(block, str):
        return Text(block)
    if isinstance(block, Heading):
        return Text(block.text, style="bold")
    return _rich_facts(block) if isinstance(block, Facts) else _rich_table(block)


def least_width(block: Block) -> int:
    """The width, in characters, below which a terminal would cut cells of the block off; 0 where it can always wrap."""
    if not isinstance(block, Table):
        return 0
    cells = zip(*(map(_text, row) for row in block.rows)) if block.rows else ((),) * len(block.columns)
    longest = [max(map(len, (*column.title.split("\n"), *texts))) for column, texts in zip(block.columns, cells)]
    widths = [min(size, _NARROWEST) if c.wraps else size for c, size in zip(block.columns, longest)]
    return sum(widths) + len(_GAP) * len(widths)


def _table_lines(table: Table) -> Iterator[str]:
    texts = [
        tuple(column.title.replace("\n", " ") for column in table.columns),
        *(tuple(map(_text, row)) for row in table.rows),
    ]
    widths = [max(map(len, cells)) for cells in zip(*texts)]
    for row in texts:
        cells = (
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, table.columns)
        )
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

    grid = Grid(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in table.columns:
        grid.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            min_width=_NARROWEST if column.wraps else None,
            overflow="fold",
        )
    for row in table.rows:
        grid.add_row(*map(_rich_text, row))
    return grid


def _rich_text(value: Value) -> RenderableType:
    from rich.text import Text

    return Text(value.text, style=value.style) if isinstance(value, Cell) else Text(value)


def _text(value: Value) -> str:
    return value.text if isinstance(value, Cell) else value
