"""The store keeps what was measured, whenever the process that measures is killed."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from measure.configuration import configuration
from measure.record import Conditions, Measurement, Run
from measure.store import SCHEMA, Key, StoreError, opened

ROOT = Path(__file__).resolve().parents[1]
PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
sweep = { cout = "1:12:1" }
"""
CONDITIONS = Conditions("board", "cpu", (), None, None, (0, 1), 2, "runtime", "1", "none", "float32", "ab")
CONFIGURATION = configuration("op", "conv2d", {"hw": 8}, "float32")
KEY = Key("d", "tflite", "float32", "s")
RUN = Run((3.0,), (1.0, 0.1 + 0.2), False, (0.5, 0.25))


def test_a_measurement_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, CONFIGURATION, CONDITIONS, RUN)
    with opened(tmp_path / "s.db") as store:
        (record,) = store.records()
        assert store.keys() == {KEY}
    assert (record.configuration, record.conditions) == (CONFIGURATION, CONDITIONS)
    assert record.outcome == Measurement(CONDITIONS, (RUN,))


def test_nothing_is_kept_twice(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, CONFIGURATION, CONDITIONS, "it broke")
        with pytest.raises(StoreError, match="another process"):
            store.add(KEY, CONFIGURATION, CONDITIONS, RUN)
        store.forget_failures("tflite")
        store.add(KEY, CONFIGURATION, CONDITIONS, RUN)
        assert len(store.records()) == 1


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True):
        pass
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(StoreError, match=f"schema {SCHEMA + 1}"), opened(tmp_path / "s.db"):
        pass


def rows(path: Path) -> list[tuple[str, ...]]:
    """Read without the store's own code."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return []
        return connection.execute("SELECT digest, run, taken_at FROM record ORDER BY rowid").fetchall()


def test_killing_the_process_at_any_moment_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    command = [*(sys.executable, "-m", "stairline", "measure", "run", "p.toml"), "-b", "onnxruntime", "--store", "s.db"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    moments = random.Random(7)
    before: list[tuple[str, ...]] = []
    for _ in range(5):
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0.2, 3))
            process.kill()
        now = rows(tmp_path / "s.db")
        assert now[: len(before)] == before
        before = now
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=100, stderr=subprocess.DEVNULL)
    complete = rows(tmp_path / "s.db")
    assert complete[: len(before)] == before
    assert len({digest for digest, _, _ in complete}) == len(complete) == 12
    assert all(run for _, run, _ in complete)
