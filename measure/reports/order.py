"""The order in which people read measurements."""

from __future__ import annotations

import re

from stairline.measure.store.store import Record


def natural_order(record: Record) -> list[str | int]:
    """The key that sorts by label, with numbers by value, so that a sweep measured out of order is read in order."""
    parts = re.split(r"(\d+)", record.configuration.label)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
