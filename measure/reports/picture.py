"""Writing pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stairline.measure.timing.errors import MeasureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: Figure, path: Path) -> None:
    """Write a picture in the format that the suffix names. Raises MeasureError where it cannot be written."""
    known = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise MeasureError(f"{path}: no format of pictures; end it in .{', .'.join(sorted(known))}")
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise MeasureError(f"{path}: cannot be written: {error.strerror}; name another file") from None


def require_matplotlib() -> None:
    """Raise MeasureError, saying how to install it, where matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MeasureError(f"matplotlib is not installed ({error}): pip install 'stairline[plot]'") from None
