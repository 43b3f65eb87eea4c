"""Energy counters of Intel and AMD processors (RAPL), where the system lets them be read.

Source: Linux kernel documentation, power/powercap/powercap.rst.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_POWERCAP = Path("/sys/class/powercap")


class EnergyCounter(NamedTuple):
    """The counter of a processor package: its value, and the largest value before it restarts from zero."""

    energy_uj: int
    range_uj: int


def energy_counters(powercap: Path = _POWERCAP) -> tuple[EnergyCounter, ...]:
    """The counters of all processor packages; empty where there are none or they may not be read."""
    found = []
    for zone in sorted(powercap.glob("intel-rapl:*")):
        if zone.name.count(":") > 1:
            continue  # A part of a package, which the package's counter holds already.
        try:
            if (zone / "name").read_text(encoding="ascii").startswith("package"):
                found.append(EnergyCounter(_number(zone / "energy_uj"), _number(zone / "max_energy_range_uj")))
        except (OSError, ValueError):
            return ()
    return tuple(found)


def spent_j(before: tuple[EnergyCounter, ...], after: tuple[EnergyCounter, ...]) -> float | None:
    """Joules spent between two readings that are less than one full range apart; None without counters."""
    if not before or len(before) != len(after):
        return None
    spent_uj = sum((b.energy_uj - a.energy_uj) % (a.range_uj + 1) for a, b in zip(before, after))
    return spent_uj / 1e6


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
