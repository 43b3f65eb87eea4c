"""Runtimes that are on no machine like this: their models are built here, and timed where --on says, or by hand."""

from __future__ import annotations

from pathlib import Path

from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, MeasureError, Run

from . import Backend, tflite, vendor_builds

_BOARD = "{} runs on a board: name it with --on ssh:user@host or --on adb"
_SERIAL = (
    "{} prints its times on a serial line: flash the model and a firmware whose driver has KPU_DEBUG set, keep what it "
    "prints, and take it in with 'stairline measure import'"
)

_BUILDS = {
    "benchmark_model": (tflite.FORMATS, tflite.DTYPES, tflite.build, _BOARD),
    "snpe-cpu": ((".dlc",), ("float32",), vendor_builds.dlc, _BOARD),
    "snpe-gpu": ((".dlc",), ("float32",), vendor_builds.dlc, _BOARD),
    "snpe-dsp": ((".dlc",), ("int8",), vendor_builds.dlc, _BOARD),
    "nncase-k210": ((".kmodel",), ("int8",), vendor_builds.kmodel, _SERIAL),
}


def backend(name: str) -> Backend:
    """The runtime where it is not: what it needs is said when it is asked for."""
    formats, dtypes, build, needs = _BUILDS[name]

    def conditions(_threads: int) -> Conditions:
        raise MeasureError(needs.format(name))

    def visit(_model: Path, _threads: int, _protocol: Protocol) -> Run:
        raise MeasureError(needs.format(name))

    return Backend(name, formats, dtypes, conditions, build, visit)
