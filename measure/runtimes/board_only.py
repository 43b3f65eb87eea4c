"""Runtimes that no machine like this has: models are built here, and timed on a board (--on) or by hand."""

from __future__ import annotations

from pathlib import Path

from stairline.measure.models.vendors import dlc_file, kmodel_file
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run

from . import tflite
from .backend import Backend

_BOARD = "{} runs on a board: name it with --on ssh:user@host or --on adb"
_SERIAL = (
    "{} prints its times on a serial line: flash the model and a firmware whose driver has KPU_DEBUG set, keep what it "
    "prints, and take it in with 'stairline measure import'"
)

_BUILDS = {
    "benchmark_model": (tflite.FORMATS, tflite.DTYPES, tflite.build, _BOARD),
    "snpe-cpu": ((".dlc",), ("float32",), dlc_file, _BOARD),
    "snpe-gpu": ((".dlc",), ("float32",), dlc_file, _BOARD),
    "snpe-dsp": ((".dlc",), ("int8",), dlc_file, _BOARD),
    "nncase-k210": ((".kmodel",), ("int8",), kmodel_file, _SERIAL),
}


def backend(name: str) -> Backend:
    """A backend that builds models; asked for conditions or a visit, it raises MeasureError saying what it needs."""
    formats, dtypes, build, needs = _BUILDS[name]

    def conditions(_threads: int) -> Conditions:
        raise MeasureError(needs.format(name))

    def visit(_model: Path, _threads: int, _protocol: Protocol) -> Run:
        raise MeasureError(needs.format(name))

    return Backend(name, formats, dtypes, conditions, build, visit)
