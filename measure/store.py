"""The store of measurements: one SQLite file, one row per configuration that was measured or that failed.

A row is committed as soon as it is known, so that killing the process loses what is being measured and nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from .configuration import Configuration
from .record import Conditions, MeasureError, Measurement, Run

SCHEMA = 1
"""1: the first."""

_TABLE = """
CREATE TABLE record (
    digest TEXT NOT NULL,
    backend TEXT NOT NULL,
    dtype TEXT NOT NULL,
    setting TEXT NOT NULL,
    configuration TEXT NOT NULL,
    conditions TEXT NOT NULL,
    run TEXT,
    failure TEXT,
    taken_at TEXT NOT NULL,
    UNIQUE (digest, backend, dtype, setting),
    CHECK ((run IS NULL) <> (failure IS NULL))
)
"""


class StoreError(MeasureError):
    """A store that cannot be opened, read or written."""


class Key(NamedTuple):
    """What is measured once: a configuration's digest, its precision and the digest of the session's conditions."""

    digest: str
    backend: str
    dtype: str
    setting: str


class Record(NamedTuple):
    """A row: a measurement, or the reason why there is none."""

    configuration: Configuration
    backend: str
    conditions: Conditions
    outcome: Measurement | str
    taken_at: str
    """UTC, ISO 8601."""


class Store:
    """An open store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keys(self) -> set[Key]:
        """What was measured already, or failed."""
        return {Key(*row) for row in self._connection.execute("SELECT digest, backend, dtype, setting FROM record")}

    def add(self, key: Key, configuration: Configuration, conditions: Conditions, outcome: Run | str) -> None:
        """Commit one row. Raises StoreError where its key is taken, as by another process measuring the same."""
        run = json.dumps(asdict(outcome)) if isinstance(outcome, Run) else None
        failure = outcome if isinstance(outcome, str) else None
        taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        row = (*key, json.dumps(configuration), conditions.to_json(), run, failure, taken_at)
        try:
            with self._connection:
                self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise StoreError(
                f"{configuration.label}: measured meanwhile by another process; let one process at a time use a store"
            ) from None

    def forget_failures(self, backend: str) -> None:
        """Delete the failures of a backend, so that they are tried again."""
        with self._connection:
            self._connection.execute("DELETE FROM record WHERE backend = ? AND failure IS NOT NULL", (backend,))

    def records(self) -> list[Record]:
        """All rows in the order they were taken."""
        columns = "configuration, backend, conditions, run, failure, taken_at"
        return [_record(*row) for row in self._connection.execute(f"SELECT {columns} FROM record ORDER BY rowid")]


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Store]:
    """The store in that file. Raises StoreError for one that is missing, is something else or is of a later version."""
    if not create and not path.is_file():
        raise StoreError(f"{path}: no such file; 'stairline measure run' writes one")
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            _prepare(path, connection)
            yield Store(connection)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be used as a store of measurements: {error}") from None


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables == 0:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        elif version != SCHEMA:
            raise StoreError(f"{path}: schema {version}: this version of Stairline reads stores of schema {SCHEMA}")


def _record(
    configuration: str, backend: str, conditions: str, run: str | None, failure: str | None, taken_at: str
) -> Record:
    kind, name, settings, dtype = json.loads(configuration)
    found = Conditions.from_json(conditions)
    outcome = failure or Measurement(found, (Run.from_values(json.loads(run or "")),))
    return Record(
        Configuration(kind, name, tuple((key, value) for key, value in settings), dtype),
        backend,
        found,
        outcome,
        taken_at,
    )
