"""What this machine reports about itself. A missing file gives None, since containers and boards differ."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from .errors import MeasureError
from .record import Conditions

_CPUINFO = Path("/proc/cpuinfo")
_CPUFREQ = Path("/sys/devices/system/cpu")
_THERMAL = Path("/sys/class/thermal")
_DEVICE_NAMES = (Path("/proc/device-tree/model"), Path("/sys/class/dmi/id/product_name"))
_FEATURES = frozenset(
    {
        *("sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"),
        *("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
        *("neon", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
    }
)
"""Instruction sets by which runtimes choose their kernels, as Linux spells them."""


def pin(threads: int) -> tuple[int, ...]:
    """Keep this process on the last ``threads`` of the cores that it may use, and return their numbers.

    Raises MeasureError where there are fewer cores than threads.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise MeasureError("this system cannot keep a process on a core: measure on Linux")
    allowed = sorted(os.sched_getaffinity(0))
    if not 1 <= threads <= len(allowed):
        raise MeasureError(f"--threads {threads}: this process may use {len(allowed)} cores; give 1 to {len(allowed)}")
    os.sched_setaffinity(0, allowed[-threads:])
    return tuple(allowed[-threads:])


def conditions(cpus: tuple[int, ...], runtime: str, runtime_version: str, delegate: str) -> Conditions:
    """The conditions of a session that runs one thread on each of these cores."""
    information = cpu_information()
    frequency = _CPUFREQ / f"cpu{cpus[0]}" / "cpufreq"
    maximum_khz = _integer(frequency / "cpuinfo_max_freq")
    flags = (information.get("flags") or information.get("Features") or "").split()
    return Conditions(
        device=next(filter(None, map(file_text, _DEVICE_NAMES)), None) or platform.node(),
        cpu=information.get("model name") or platform.processor() or platform.machine(),
        cpu_features=tuple(sorted(_FEATURES.intersection(flags))),
        governor=file_text(frequency / "scaling_governor"),
        clock_hz=None if maximum_khz is None else 1000 * maximum_khz,
        cpus=cpus,
        threads=len(cpus),
        runtime=runtime,
        runtime_version=runtime_version,
        delegate=delegate,
    )


def temperature_c() -> float | None:
    """Temperature of the hottest thermal zone, in degrees Celsius."""
    zones = (_integer(zone / "temp") for zone in _THERMAL.glob("thermal_zone*"))
    return max((millidegrees / 1e3 for millidegrees in zones if millidegrees is not None), default=None)


def current_clock_hz() -> int | None:
    """Present clock of the first core that this process may run on."""
    core = min(os.sched_getaffinity(0))
    khz = _integer(_CPUFREQ / f"cpu{core}" / "cpufreq" / "scaling_cur_freq")
    if khz is not None:
        return 1000 * khz
    mhz = cpu_information(core).get("cpu MHz")
    return None if mhz is None else round(1e6 * float(mhz))


def cpu_information(core: int = 0) -> dict[str, str]:
    """The entries of /proc/cpuinfo for a core; empty where it does not list the core."""
    cores = [core_text.splitlines() for core_text in (file_text(_CPUINFO) or "").split("\n\n")]
    pairs = [line.partition(":") for line in (cores[core] if core < len(cores) else [])]
    return {key.strip(): value.strip() for key, _, value in pairs}


def _integer(path: Path) -> int | None:
    try:
        return int(file_text(path) or "")
    except ValueError:
        return None


def file_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ") or None
    except OSError:
        return None
