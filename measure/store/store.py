"""The store of measurements: one SQLite file, one row per visit to a configuration, measured or failed.

A row is committed as soon as it is known, so that killing the process loses what is being measured and nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from stairline.measure.plan.configuration import Configuration
from stairline.measure.timing.record import Conditions, Measurement, Run, pooled

from .schema import StoreError, prepare

IMPORTED = "imported"
"""In place of a backend's name, where another tool took the time."""


class Key(NamedTuple):
    """What identifies a measurement: the digests of the configuration and of the session's conditions, and the rest."""

    digest: str
    backend: str
    dtype: str
    setting: str


class Record(NamedTuple):
    """The outcome for a configuration: all visits as one measurement, or the reason why a visit failed."""

    configuration: Configuration
    backend: str
    conditions: Conditions
    outcome: Measurement | str
    taken_at: str
    """When the last visit ended: UTC, ISO 8601."""


class Store:
    """A store that is open."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection

    def runs(self, backend: str, setting: str) -> Iterator[tuple[Key, Run]]:
        """The visits on a backend under a setting, in the order they were taken."""
        rows = self._connection.execute(
            "SELECT rowid, digest, dtype, run FROM record "
            "WHERE backend = ? AND setting = ? AND run IS NOT NULL ORDER BY rowid",
            (backend, setting),
        )
        for row, digest, dtype, run in rows:
            with self._decoding(row):
                yield Key(digest, backend, dtype, setting), Run.from_values(json.loads(run))

    def failed(self) -> set[Key]:
        """The keys of all visits that failed."""
        rows = self._connection.execute("SELECT digest, backend, dtype, setting FROM record WHERE failure IS NOT NULL")
        return {Key(*row) for row in rows}

    def add(
        self, key: Key, visit: int, configuration: Configuration, conditions: Conditions, outcome: Run | str
    ) -> None:
        """Commit a visit. Raises StoreError where its number is taken, as by another process measuring the same."""
        run = json.dumps(asdict(outcome)) if isinstance(outcome, Run) else None
        failure = outcome if isinstance(outcome, str) else None
        taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        row = (*key, visit, json.dumps(configuration), conditions.to_json(), run, failure, taken_at)
        try:
            with self._connection:
                self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise StoreError(
                f"{configuration.label}: is in the store already, or another process measured it meanwhile: "
                "let one process at a time use a store"
            ) from None

    def add_imported(self, configuration: Configuration, conditions: Conditions, run: Run) -> None:
        """Commit what another tool reported. Raises StoreError where the same was imported before."""
        key = Key(configuration.digest, IMPORTED, configuration.dtype, conditions.setting_digest)
        self.add(key, 1, configuration, replace(conditions, dtype=configuration.dtype), run)

    def forget_failures(self, backend: str) -> None:
        """Delete the failures of a backend, so that they are tried again."""
        with self._connection:
            self._connection.execute("DELETE FROM record WHERE backend = ? AND failure IS NOT NULL", (backend,))

    def records(self) -> list[Record]:
        """The outcomes of all configurations, measured or failed, in the order in which they were begun.

        Visits that met different model files, built by different versions of a converter, stay apart.
        """
        together: dict[tuple[Key, str | None, bool], list[Record]] = {}
        columns = "digest, backend, dtype, setting, configuration, conditions, run, failure, taken_at"
        for row, *values in self._connection.execute(f"SELECT rowid, {columns} FROM record ORDER BY rowid"):
            key = Key(*values[:4])
            with self._decoding(row):
                record = _record(key.backend, *values[4:])
            failed = isinstance(record.outcome, str)
            together.setdefault((key, record.conditions.model_sha256, failed), []).append(record)
        return [_joined(records) for records in together.values()]

    @contextmanager
    def _decoding(self, row: int) -> Iterator[None]:
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"{self._path}: row {row} is not as Stairline writes it ({type(error).__name__}: {error}); "
                "restore the file or delete the row"
            ) from None


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Store]:
    """The store in a file, which is created if ``create`` is true and it is missing, and upgraded where it is older.

    Raises StoreError for a file that is missing, is no store, is of a later version, or can no longer be written.
    """
    if not create and not path.is_file():
        raise StoreError(f"{path}: no such file; 'stairline measure run' writes one")
    try:
        with closing(_connection(path, create)) as connection:
            prepare(path, connection)
            yield Store(path, connection)
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"{path}: cannot be used as a store: {error}; what it holds is kept: see to permissions and disk space"
        ) from None
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: cannot be used as a store: {error}; name another file") from None


def _connection(path: Path, create: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        return connection
    except sqlite3.OperationalError:
        connection.close()
        if create or path.with_name(f"{path.name}-wal").exists():
            raise
    # A folder that cannot be written has no place for the files that readers share with a writer; there is none.
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)


def _record(
    backend: str, configuration: str, conditions: str, run: str | None, failure: str | None, taken_at: str
) -> Record:
    kind, name, settings, dtype = json.loads(configuration)
    if nested := [key for key, value in settings if isinstance(value, list | dict)]:
        raise ValueError(f"setting {nested[0]} is neither a number nor a name")
    found = Conditions.from_json(conditions)
    outcome = failure or Measurement(found, (Run.from_values(json.loads(run or "")),))
    described = Configuration(kind, name, tuple((key, value) for key, value in settings), dtype)
    return Record(described, backend, found, outcome, taken_at)


def _joined(visits: list[Record]) -> Record:
    """The outcome of visits with the same key: all that were measured as one, or the last failure."""
    measured = [record.outcome for record in visits if isinstance(record.outcome, Measurement)]
    return visits[-1]._replace(outcome=pooled(measured)) if measured else visits[-1]
