"""Working through a plan on one backend: each configuration in its own process, each outcome stored as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .backends import Backend
from .configuration import Configuration, sha256
from .process import Worker, WorkerError
from .record import Conditions, Run, refuse_mixing
from .store import Key, Store


class Session(NamedTuple):
    """A backend under the conditions of now."""

    backend: Backend
    conditions: Conditions

    def key(self, configuration: Configuration) -> Key:
        """What the store knows a configuration's outcome by."""
        setting = self.conditions.setting_digest
        return Key(configuration.digest, self.backend.name, configuration.dtype, setting)


def session(backend: Backend, threads: int) -> Session:
    """Raises MeasureError where the runtime is missing or the machine has too few cores."""
    with Worker() as worker:
        reply = worker.ask(duty="describe", backend=backend.name, threads=threads)
    return Session(backend, Conditions.from_json(reply["conditions"]))


def pending(plan: Sequence[Configuration], current: Session, store: Store) -> list[Configuration]:
    """What is left to measure, shuffled the same way each time.

    A sweep in its own order would show the drift of the machine as a trend of the swept dimension.
    """
    done = store.keys()
    return sorted((c for c in plan if current.key(c) not in done), key=lambda c: (c.digest, c.dtype))


def measure(left: Sequence[Configuration], current: Session, store: Store) -> Iterator[str | None]:
    """Measure and store one after the other; gives None for a measurement and the reason for a failure."""
    with TemporaryDirectory(prefix="stairline-") as directory, Worker() as builder:
        for configuration in left:
            conditions = replace(current.conditions, dtype=configuration.dtype)
            outcome: Run | str
            try:
                path = _model_file(configuration, current.backend, builder, Path(directory))
                conditions = replace(conditions, model_sha256=sha256(path))
                outcome = _run(path, current)
            except WorkerError as error:
                outcome = str(error)
            store.add(current.key(configuration), configuration, conditions, outcome)
            yield outcome if isinstance(outcome, str) else None


def _model_file(configuration: Configuration, backend: Backend, builder: Worker, directory: Path) -> Path:
    if configuration.kind == "file":
        path = Path(configuration.name)
        if path.suffix not in backend.formats:
            raise WorkerError(f"{path}: {backend.name} reads {' and '.join(backend.formats)} files")
        if not path.is_file():
            raise WorkerError(f"{path}: no such file")
        return path
    if configuration.dtype not in backend.dtypes:
        raise WorkerError(f"dtype {configuration.dtype}: models for {backend.name} are {', '.join(backend.dtypes)}")
    path = directory / f"model{backend.formats[0]}"
    builder.ask(duty="build", path=str(path), **configuration._asdict() | {"settings": dict(configuration.settings)})
    return path


def _run(path: Path, current: Session) -> Run:
    with Worker() as worker:
        reply = worker.ask(
            duty="measure", backend=current.backend.name, threads=current.conditions.threads, path=str(path)
        )
    # What changed in the middle of a session ends it; the next start measures under the new conditions.
    refuse_mixing(current.conditions, Conditions.from_json(reply.pop("conditions")))
    return Run.from_values(reply)
