"""The tables of a store, their version history, and the upgrade of older files."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from stairline.measure.timing.errors import MeasureError

SCHEMA = 2
"""The version of the tables.

1: one run for each configuration, with two times of the matrix product (``reference_s``) and a verdict (``converged``).
2: visits, numbered from 1, each a run with a reading of the machine ``before`` and ``after``.
"""

_TABLE = """
CREATE TABLE record (
    digest TEXT NOT NULL,
    backend TEXT NOT NULL,
    dtype TEXT NOT NULL,
    setting TEXT NOT NULL,
    visit INTEGER NOT NULL,
    configuration TEXT NOT NULL,
    conditions TEXT NOT NULL,
    run TEXT,
    failure TEXT,
    taken_at TEXT NOT NULL,
    UNIQUE (digest, backend, dtype, setting, visit),
    CHECK ((run IS NULL) <> (failure IS NULL))
)
"""


class StoreError(MeasureError):
    """A store that cannot be opened, read or written."""


def prepare(path: Path, connection: sqlite3.Connection) -> None:
    """Bring an empty file or an older store to the present schema, in one transaction. Raises StoreError for others."""
    if _version(path, connection) == SCHEMA:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(path, connection)  # Read again: another process may have been quicker.
        if version == 0:
            connection.execute(_TABLE)
        elif version == 1:
            _upgrade_from_1(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _version(path: Path, connection: sqlite3.Connection) -> int:
    """The schema of a store, 0 where there is nothing yet. Raises StoreError for what this version cannot use."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if (version == 0) != (not tables) or (tables and "record" not in tables):
        raise StoreError(f"{path}: the database of another program; name another file")
    if not 0 <= version <= SCHEMA:
        raise StoreError(f"{path}: schema {version}: this version of Stairline reads stores up to schema {SCHEMA}")
    return version


def _upgrade_from_1(connection: sqlite3.Connection) -> None:
    connection.create_function("run_from_1", 1, _run_from_1, deterministic=True)
    connection.execute("ALTER TABLE record RENAME TO record_1")
    connection.execute(_TABLE)
    connection.execute(
        "INSERT INTO record SELECT digest, backend, dtype, setting, 1, configuration, conditions, run_from_1(run), "
        "failure, taken_at FROM record_1 ORDER BY rowid"
    )
    connection.execute("DROP TABLE record_1")


def _run_from_1(text: str | None) -> str | None:
    if text is None:
        return None
    run = json.loads(text)
    before_s, after_s = run["reference_s"]
    times = {key: run[key] for key in ("warmups_s", "runs_s")}
    return json.dumps(times | {"before": {"matmul_s": before_s}, "after": {"matmul_s": after_s}})
