"""Working through a plan on one backend: each visit in its own process, each outcome stored as it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stairline.measure.plan.configuration import Configuration, sha256
from stairline.measure.runtimes.backend import Backend
from stairline.measure.store.store import Key, Store
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Run, refuse_mixing

from .agreement import Pace, is_due, pace
from .core_locks import cores_to_itself
from .process import PATIENCE_S, Worker, WorkerError

_STRETCH = 32
"""Number of configurations that are visited in rounds before the next ones are begun."""
_STRETCH_BYTES = 1 << 30
"""Size of the model files that a stretch keeps on disk; the stretch ends with the file that exceeds it."""


class Session(NamedTuple):
    """A backend under the conditions that hold now."""

    backend: Backend
    conditions: Conditions
    on: str | None = None
    """The board as --on names it; None for this machine."""

    def key(self, configuration: Configuration) -> Key:
        """The key of a configuration's outcome in the store."""
        setting = self.conditions.setting_digest
        return Key(configuration.digest, self.backend.name, configuration.dtype, setting)


def session(backend: Backend, threads: int, on: str | None = None) -> Session:
    """A session on a backend, here or on a board.

    Raises MeasureError where the runtime is missing, the machine has too few cores, or the board cannot be reached.
    """
    with Worker() as worker:
        reply = worker.ask(duty="describe", backend=backend.name, threads=threads, on=on)
    return Session(backend, Conditions.from_json(reply["conditions"]), on)


class Visit(NamedTuple):
    """A visit that has just been made, and how many are left."""

    configuration: Configuration
    failure: str | None
    left: int
    """Number of visits still expected, which grows when the machine turns out to be unsteady."""


class Tally(NamedTuple):
    """Numbers of a plan's configurations by their state."""

    measured: int
    failed: int
    due: int


class Progress:
    """Which configurations of a plan are due on a backend, by what the store holds and what is added to it."""

    def __init__(self, plan: Iterable[Configuration], current: Session, store: Store, protocol: Protocol) -> None:
        self._keys = {configuration: current.key(configuration) for configuration in plan}
        self._current, self._store, self._protocol = current, store, protocol
        self._failed = store.failed()
        self._runs: dict[Key, list[Run]] = {}
        self._best = Pace()
        for key, run in store.runs(current.backend.name, current.conditions.setting_digest):
            self._note(key, run)

    @property
    def due(self) -> list[Configuration]:
        """The configurations that are due for another visit, in an order that looks random and is always the same.

        A sweep in its own order would show the drift of the machine as a trend of the swept dimension.
        """
        return shuffled(filter(self.is_due, self._keys))

    @property
    def tally(self) -> Tally:
        """How many configurations of the plan are measured, failed and due."""
        failed = len(self._failed.intersection(self._keys.values()))
        due = sum(map(self.is_due, self._keys))
        return Tally(len(self._keys) - failed - due, failed, due)

    @property
    def visits_per_process(self) -> int:
        """The protocol's number of visits to different configurations that share a process."""
        return self._protocol.visits_per_process

    @property
    def left(self) -> int:
        """Number of visits that are still expected."""
        missing = (self._protocol.visits - len(self._runs.get(self._keys[c], ())) for c in self._keys if self.is_due(c))
        return sum(max(1, visits) for visits in missing)

    def is_due(self, configuration: Configuration) -> bool:
        """Whether the protocol asks for another visit."""
        key = self._keys[configuration]
        return key not in self._failed and is_due(self._runs.get(key, ()), self._best, self._protocol)

    def visit(self, configuration: Configuration, models: Models, timer: Worker) -> Visit:
        """Measure a configuration once more, in the process ``timer``, and store the outcome."""
        key = self._keys[configuration]
        conditions = replace(self._current.conditions, dtype=configuration.dtype)
        outcome: Run | str
        with cores_to_itself(conditions.cpus):
            try:
                path = models.path(configuration)
                conditions = replace(conditions, model_sha256=sha256(path))
                outcome = _run(path, self._current, self._protocol, timer)
            except WorkerError as error:
                outcome = str(error)
        self._store.add(key, len(self._runs.get(key, ())) + 1, configuration, conditions, outcome)
        self._note(key, outcome)
        return Visit(configuration, outcome if isinstance(outcome, str) else None, self.left)

    def _note(self, key: Key, outcome: Run | str) -> None:
        if isinstance(outcome, str):
            self._failed.add(key)
        else:
            self._runs.setdefault(key, []).append(outcome.essence)
            self._best = pace([outcome], self._best)


class Models:
    """The model files of a stretch, built when first asked for."""

    def __init__(self, backend: Backend, builder: Worker, directory: Path) -> None:
        self._backend, self._builder, self._directory = backend, builder, directory
        self._paths: dict[Configuration, Path] = {}
        self.size_bytes = 0

    def path(self, configuration: Configuration) -> Path:
        """The file of a configuration. Raises WorkerError with the reason why there is none."""
        if configuration not in self._paths:
            directory = self._directory / str(len(self._paths))
            self._paths[configuration] = _model_file(configuration, self._backend, self._builder, directory)
            if directory.is_dir():
                self.size_bytes += sum(file.stat().st_size for file in directory.iterdir())
        return self._paths[configuration]


def measure(
    progress: Progress, backend: Backend, builder: Worker | None = None, patience_s: float = PATIENCE_S
) -> Iterator[Visit]:
    """Visit until nothing is due, in rounds through stretches of the plan, so that visits are spread over time.

    A configuration whose stretch is over becomes due again when a quicker moment shows that the machine was slow then.
    ``builder`` converts models in place of a new process for each stretch. A visit that takes more than ``patience_s``
    seconds has failed.
    """
    while due := progress.due:
        with (
            TemporaryDirectory(prefix="stairline-") as directory,
            nullcontext(builder) if builder else Worker() as converting,
            Worker(progress.visits_per_process, patience_s) as timer,
        ):
            models = Models(backend, converting, Path(directory))
            stretch = []
            for configuration in due:
                yield progress.visit(configuration, models, timer)
                stretch.append(configuration)
                if len(stretch) == _STRETCH or models.size_bytes > _STRETCH_BYTES:
                    break
            for number in count(1):
                # Visits to one configuration are in different processes.
                timer.renew()
                if not (stretch := shuffled(filter(progress.is_due, stretch), number)):
                    break
                for configuration in stretch:
                    yield progress.visit(configuration, models, timer)


def shuffled(configurations: Iterable[Configuration], number: int = 0) -> list[Configuration]:
    """The configurations in an order that depends on ``number``, so that neighbours differ from round to round."""
    return sorted(configurations, key=lambda c: hashlib.sha256(f"{number} {c}".encode()).digest())


def _model_file(configuration: Configuration, backend: Backend, builder: Worker, directory: Path) -> Path:
    if configuration.kind == "file":
        given = Path(configuration.name)
        if not given.is_file():
            raise WorkerError(f"{given}: no such file")
        if given.suffix in backend.formats:
            return given
    elif configuration.dtype not in backend.dtypes:
        raise WorkerError(f"dtype {configuration.dtype}: models for {backend.name} are {', '.join(backend.dtypes)}")
    directory.mkdir(exist_ok=True)
    described = configuration._asdict() | {"settings": dict(configuration.settings)}
    reply = builder.ask(duty="build", backend=backend.name, directory=str(directory), **described)
    return Path(reply["path"])


def _run(path: Path, current: Session, protocol: Protocol, timer: Worker) -> Run:
    request = {"backend": current.backend.name, "threads": current.conditions.threads, "path": str(path)}
    reply = timer.ask(duty="measure", protocol=protocol._asdict(), on=current.on, **request)
    # What changed in the middle of a session ends it; the next start measures under the new conditions.
    refuse_mixing(current.conditions, Conditions.from_json(reply.pop("conditions")))
    return Run.from_values(reply)
