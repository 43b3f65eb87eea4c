"""Energy counters of Intel and AMD processors (RAPL), where the system lets them be read.

Source: Linux kernel documentation, power/powercap/powercap.rst.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_POWERCAP = Path("/sys/class/powercap")


class Counter(NamedTuple):
    """A package's counter: where it stands, in microjoules, and where it starts again from zero."""

    energy_uj: int
    wraps_uj: int


def counters(powercap: Path = _POWERCAP) -> tuple[Counter, ...]:
    """Of all processor packages; empty where there are none or they may not be read."""
    found = []
    for zone in sorted(powercap.glob("intel-rapl:*")):
        if zone.name.count(":") > 1:
            continue  # A part of a package, which the package's counter holds already.
        try:
            if (zone / "name").read_text(encoding="ascii").startswith("package"):
                found.append(Counter(_number(zone / "energy_uj"), _number(zone / "max_energy_range_uj")))
        except (OSError, ValueError):
            return ()
    return tuple(found)


def spent_j(before: tuple[Counter, ...], after: tuple[Counter, ...]) -> float | None:
    """Joules between two readings no further apart than one round of a counter; None without counters."""
    if not before or len(before) != len(after):
        return None
    spent_uj = sum((b.energy_uj - a.energy_uj) % (a.wraps_uj + 1) for a, b in zip(before, after))
    return spent_uj / 1e6


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
