"""What a backend is: one way of using a runtime, with the models built for it and the way it is timed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from stairline.measure.models.cache import Build
from stairline.measure.timing.errors import MeasureError
from stairline.measure.timing.library import Library, library_conditions, library_visit
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run


class Backend(NamedTuple):
    """A runtime in one way of using it."""

    name: str
    formats: tuple[str, ...]
    """Suffixes of the files that it reads."""
    dtypes: tuple[str, ...]
    """Precisions that models can be built in for it."""
    conditions: Callable[[int], Conditions]
    """The conditions here and now, from the number of threads; the calling process is kept on its cores."""
    build: Build
    """Writes a graph at a precision into a directory, and gives the path of the model's file."""
    visit: Callable[[Path, int, Protocol], Run]
    """Times a model's file with that many threads."""


def library_backend(
    name: str, library: Library, formats: tuple[str, ...], dtypes: tuple[str, ...], build: Build
) -> Backend:
    """A backend that times a runtime as a library of the calling process."""
    return Backend(name, formats, dtypes, partial(library_conditions, library), build, partial(library_visit, library))


def import_runtime(module: str, package: str) -> Any:
    """A runtime's module. Raises MeasureError saying how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MeasureError(f"{package} is not installed ({error}): pip install 'stairline[measure]'") from None


def refuse_threads(threads: int, reason: str) -> None:
    """Raise MeasureError, naming the option and the reason, for any number of threads but 1."""
    if threads != 1:
        raise MeasureError(f"--threads {threads}: {reason}; leave it out")
