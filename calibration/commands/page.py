"""The page that ``fit`` and ``calibrate`` write where ``--report`` asks for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stairline.calibration.overlays.calibrated import Calibrated
    from stairline.hwmodels.overlay import OverlayFile


def verify_page(page: Path) -> None:
    """Raises RecordsError where a page cannot be written there, before anything long is begun."""
    from stairline.calibration.report import html

    html.verify(page)


def write_page(page: Path, done: Calibrated, overlay: OverlayFile, records: Path, backend: str | None) -> None:
    """Write the page of a calibration, with the sweeps among its records where these are a store."""
    from stairline.calibration.report import html
    from stairline.calibration.report.staircases import long_sweeps

    html.write(page, done, overlay, long_sweeps(records, backend))
