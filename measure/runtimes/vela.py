"""Arm's Ethos-U compiler as a device: it prices each network that it compiles, and gives the same answer each time.

Its times are its own estimate for the named system and memory, with nothing for operators that stay on the host.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Counter, MeasureError, Run

from . import Backend, import_runtime
from .tflite import build

PACKAGE = "ethos-u-vela"
_CONFIGURATION = "Arm/vela.ini"
_PATIENCE_S = 600.0


class System(NamedTuple):
    """Sections of Vela's configuration file: clock and memories, and what lies where."""

    system: str
    memory: str


SYSTEMS = {
    "u55": System("Ethos_U55_High_End_Embedded", "Shared_Sram"),
    "u65": System("Ethos_U65_Client_Server", "Dedicated_Sram_384KB"),
    "u85": System("Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
}
"""What Vela 5 takes by default, said aloud so that a later default cannot change a record unnoticed."""


def estimate(accelerator: str, model: Path) -> Run:
    """Compile a .tflite file for an accelerator such as "ethos-u55-128" and read the compiler's own tables.

    Raises MeasureError with the compiler's words, and where operators stay on the host, whose time it does not know.
    """
    with TemporaryDirectory(prefix="stairline-vela-") as directory:
        _compile(accelerator, model, Path(directory))
        total = _rows(Path(directory), "*_summary_*.csv")[-1]
        layers = _rows(Path(directory), "*_per-layer.csv")
    host = sorted({row["Original Operator"] for row in layers if row["Target"] != "NPU"})
    if host or not layers:
        what = f"{', '.join(host)} would run" if host else "the whole network runs"
        raise MeasureError(f"{what} on the host, for which Vela has no time; the rest alone is not the network")
    clock_hz = float(total["core_clock"])
    return Run((), (float(total["inference_time"]),), counters=counters(layers, clock_hz), exact=True)


def counters(layers: list[dict[str, str]], clock_hz: float) -> tuple[Counter, ...]:
    """Rows of Vela's per-layer table, in its order; operators of one kernel stand below it with no time."""
    return tuple(
        Counter(row["Name"], row["NNG Operator"], float(row["Op Cycles"]) / clock_hz, row["Target"]) for row in layers
    )


def _compile(accelerator: str, model: Path, directory: Path) -> None:
    found = _system(accelerator)
    import_runtime("ethosu.vela", PACKAGE)
    chosen = {"accelerator-config": accelerator, "system-config": found.system, "memory-mode": found.memory}
    options = [f"--{key}={value}" for key, value in chosen.items()]
    command = [sys.executable, "-P", "-m", "ethosu.vela", str(model), f"--output-dir={directory}", *options]
    try:
        done = subprocess.run(
            [*command, f"--config={_CONFIGURATION}", "--verbose-performance"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MeasureError(f"Vela took more than {_PATIENCE_S:g} s and was ended") from None
    if done.returncode != 0:
        words = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise MeasureError(f"Vela left with exit code {done.returncode}: {words[-1] if words else 'no word'}")


def _rows(directory: Path, pattern: str) -> list[dict[str, str]]:
    for path in directory.glob(pattern):
        with path.open(encoding="utf-8", newline="") as file:
            if rows := list(csv.DictReader(file)):
                return rows
    raise MeasureError(f"Vela wrote no rows in {pattern}: this is not the output of version 5")


def _system(accelerator: str) -> System:
    return SYSTEMS[accelerator.split("-")[1]]


def _conditions(accelerator: str) -> Conditions:
    found = _system(accelerator)
    package: str = import_runtime("ethosu.vela", PACKAGE).__file__
    parser = ConfigParser()
    parser.read(Path(package).parents[1] / "config_files" / _CONFIGURATION, encoding="utf-8")
    clock_hz = round(float(parser[f"System_Config.{found.system}"]["core_clock"]))
    return Conditions(
        device=accelerator,
        cpu=found.system,
        cpu_features=(),
        governor=None,
        clock_hz=clock_hz,
        cpus=(),
        threads=1,
        runtime="Vela",
        runtime_version=version(PACKAGE),
        delegate=found.memory,
    )


def backend(name: str) -> Backend:
    """Vela for the accelerator that the name ends in."""
    accelerator = name.removeprefix("vela-")

    def conditions(threads: int) -> Conditions:
        if threads != 1:
            raise MeasureError(f"--threads {threads}: an accelerator has no threads; leave it out")
        return _conditions(accelerator)

    def visit(model: Path, _threads: int, _protocol: Protocol) -> Run:
        return estimate(accelerator, model)

    return Backend(name, (".tflite",), ("int8",), conditions, build, visit)
