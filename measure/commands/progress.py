"""A progress bar over visits, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stairline.measure.campaign.session import Visit


def watched(visits: Iterator[Visit], total: int) -> Iterator[Visit]:
    """The visits unchanged, with a progress bar and the time left where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from visits
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=1) as bar:
        task = bar.add_task("visits", total=total)
        for done, visit in enumerate(visits, 1):
            bar.update(task, completed=done, total=done + visit.left, description=visit.configuration.short_label)
            yield visit
