"""How all figures look, and how one becomes part of a page.

Lines and texts are drawn in ``INK``, which a page replaces by its own text colour, so that a figure is readable on a
light page and on a dark one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
COLOURS = ("#3b82c4", "#d9822b", "#2f9e6e", "#b8529e", "#8a6fd1", "#8a8a8a")
"""Colours readable on white and on near black, and distinct to the colour-blind; the last is for everything else."""
BAD = "#d8503c"

_LONGEST_NAME = 28
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "stairline",
    "text.parse_math": False,
    "savefig.dpi": 180,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK
    ),
}


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of this size in inches, in the style of all figures."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield Figure(figsize=(width, height), layout="constrained", facecolor="none")


def as_svg(figure: Figure) -> str:
    """The figure as an element of a page, in the page's text colour."""
    for axes in figure.axes:
        axes.set_facecolor("none")
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = written.getvalue()
    return svg[svg.index("<svg") :].replace(f": {INK}", ": currentColor")


def legend(axes: Axes, kinds: Sequence[tuple[str, str]], place: Any = "best") -> None:
    """Draw a legend of dots; ``kinds`` are names with their colours."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, marker="o", linestyle="", markersize=4) for _, colour in kinds]
    axes.legend(handles, [short_name(kind) for kind, _ in kinds], loc=place, frameon=False, fontsize=7)


def short_name(name: str, longest: int = _LONGEST_NAME) -> str:
    """Shorten a name to what fits, without characters that no font draws."""
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
