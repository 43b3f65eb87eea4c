"""Arm's Ethos-U compiler as a device: it estimates the time of each network that it compiles, always the same.

Its times are its own estimate for the named system and memory, with nothing for operators that stay on the host.
"""

from __future__ import annotations

from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stairline.measure.processes.python import OWN
from stairline.measure.processes.tool import output_of
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run
from stairline.measure.tool_output.vela_tables import compiled_run, rows

from .backend import Backend, import_runtime, refuse_threads
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
"""The sections that Vela 5 takes by default, given explicitly so that a later default cannot change a record."""


def estimate(accelerator: str, model: Path) -> Run:
    """Compile a .tflite file for an accelerator such as "ethos-u55-128" and read the compiler's own tables.

    Raises MeasureError quoting the compiler where it fails, and where operators stay on the host, which it leaves out.
    """
    with TemporaryDirectory(prefix="stairline-vela-") as directory:
        _compile(accelerator, model, Path(directory))
        total = _rows(Path(directory), "*_summary_*.csv")[-1]
        layers = _rows(Path(directory), "*_per-layer.csv")
    host = sorted({row["Original Operator"] for row in layers if row["Target"] != "NPU"})
    if host or not layers:
        what = f"{', '.join(host)} would run" if host else "the whole network runs"
        raise MeasureError(f"{what} on the host, for which Vela has no time; the rest alone is not the network")
    return compiled_run(total, layers)


def _compile(accelerator: str, model: Path, directory: Path) -> None:
    found = _system(accelerator)
    import_runtime("ethosu.vela", PACKAGE)
    chosen = {"accelerator-config": accelerator, "system-config": found.system, "memory-mode": found.memory}
    options = [f"--{key}={value}" for key, value in chosen.items()]
    options += [f"--output-dir={directory}", f"--config={_CONFIGURATION}", "--verbose-performance"]
    output_of("Vela", [*OWN, "-m", "ethosu.vela", str(model), *options], _PATIENCE_S, f"pip install {PACKAGE}")


def _rows(directory: Path, pattern: str) -> list[dict[str, str]]:
    for path in directory.glob(pattern):
        if found := rows(path):
            return found
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
        refuse_threads(threads, "an accelerator has no threads")
        return _conditions(accelerator)

    def visit(model: Path, _threads: int, _protocol: Protocol) -> Run:
        return estimate(accelerator, model)

    return Backend(name, (".tflite",), ("int8",), conditions, build, visit)
