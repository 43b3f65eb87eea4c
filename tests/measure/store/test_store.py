"""The store keeps what was measured, whenever the process that measures is killed."""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import pytest

from stairline.measure.campaign.session import Progress, Session
from stairline.measure.plan.configuration import Configuration, configuration
from stairline.measure.runtimes.registry import backend
from stairline.measure.store.schema import SCHEMA, StoreError
from stairline.measure.store.store import Key, opened
from stairline.measure.timing.protocol import Protocol
from stairline.measure.timing.record import Conditions, Measurement, Reading, Run
from tests.checkout import ROOT

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
RUN = Run((3.0,), (1.0, 0.1 + 0.2), Reading(0.5, 0.25, 41.5, 2_400_000_000), Reading(0.5))


def test_visits_come_back_to_the_last_bit_as_one_measurement(tmp_path: Path) -> None:
    other = replace(RUN, runs_s=(2.0, 1 / 3))
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
        store.add(KEY, 2, CONFIGURATION, CONDITIONS, other)
    with opened(tmp_path / "s.db") as store:
        (record,) = store.records()
        assert list(store.runs("tflite", "s")) == [(KEY, RUN), (KEY, other)]
    assert (record.configuration, record.conditions) == (CONFIGURATION, CONDITIONS)
    assert record.outcome == Measurement(CONDITIONS, (RUN, other))


def test_a_visit_that_fails_does_not_hide_those_that_did_not(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
        store.add(KEY, 2, CONFIGURATION, CONDITIONS, "it broke")
        assert [record.outcome for record in store.records()] == [Measurement(CONDITIONS, (RUN,)), "it broke"]


def test_visits_to_different_model_files_are_not_averaged(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
        store.add(KEY, 2, CONFIGURATION, replace(CONDITIONS, model_sha256="cd"), RUN)
        assert [record.conditions.model_sha256 for record in store.records()] == ["ab", "cd"]


def test_nothing_is_kept_twice(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, "it broke")
        assert store.failed() == {KEY}
        with pytest.raises(StoreError, match="another process"):
            store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
        store.forget_failures("tflite")
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
        assert len(store.records()) == 1


VERSION_1 = """
CREATE TABLE record (digest TEXT NOT NULL, backend TEXT NOT NULL, dtype TEXT NOT NULL, setting TEXT NOT NULL,
    configuration TEXT NOT NULL, conditions TEXT NOT NULL, run TEXT, failure TEXT, taken_at TEXT NOT NULL,
    UNIQUE (digest, backend, dtype, setting), CHECK ((run IS NULL) <> (failure IS NULL)));
PRAGMA user_version = 1;
"""


def test_a_store_of_the_first_version_is_upgraded_with_all_it_holds(tmp_path: Path) -> None:
    run = {"warmups_s": [3.0], "runs_s": [1.0, 0.5], "converged": True, "reference_s": [0.25, 0.75]}
    described = (json.dumps(CONFIGURATION), CONDITIONS.to_json())
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.executescript(VERSION_1)
        with connection:
            insert = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            connection.execute(insert, (*KEY, *described, json.dumps(run), None, "2026-01-01T00:00:00+00:00"))
            connection.execute(insert, ("e", *KEY[1:], *described, None, "it broke", "2026-01-01T00:00:01+00:00"))
    for _ in range(2):
        with opened(tmp_path / "s.db") as store:
            measured, failed = store.records()
        assert measured.outcome == Measurement(CONDITIONS, (Run((3.0,), (1.0, 0.5), Reading(0.25), Reading(0.75)),))
        assert (failed.outcome, measured.taken_at) == ("it broke", "2026-01-01T00:00:00+00:00")


def test_a_row_that_something_else_wrote_is_named(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db", create=True) as store:
        store.add(KEY, 1, CONFIGURATION, CONDITIONS, RUN)
    zero, unknown = (json.dumps(asdict(replace(RUN, runs_s=(1.0, time_s)))) for time_s in (0.0, float("nan")))
    for column, text in (
        *(("run", "{}"), ("run", "no JSON"), ("run", zero), ("run", unknown)),
        *(
            ("configuration", "[1]"),
            ("configuration", '["op", "conv2d", [["cin", [1]]], "int8"]'),
            ("conditions", "{}"),
        ),
    ):
        (tmp_path / "t.db").write_bytes((tmp_path / "s.db").read_bytes())
        with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
            connection.execute(f"UPDATE record SET {column} = ?", (text,))
        with opened(tmp_path / "t.db") as store, pytest.raises(StoreError, match=r"t\.db: row 1 is not as"):
            store.records()


@pytest.mark.parametrize("version", [0, 1, SCHEMA])
def test_the_database_of_another_program_is_refused(tmp_path: Path, version: int) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match=r"s\.db: the database of another"), opened(tmp_path / "s.db", create=True):
        pass


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
        return connection.execute("SELECT digest, visit, run, taken_at FROM record ORDER BY rowid").fetchall()


def command(*more: str, visits: int) -> list[str]:
    quick = (
        "--visits",
        str(visits),
        "--max-visits",
        str(visits),
        "--warmups",
        "0",
        "--runs",
        "2",
        "--max-seconds",
        "0",
    )
    return [*(sys.executable, "-m", "stairline", "measure", "run", "p.toml", "-b", "onnxruntime"), *quick, *more]


def test_killing_the_process_at_twenty_moments_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    run = command("--store", "s.db", visits=4)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    moments = random.Random(7)
    before: list[tuple[str, ...]] = []
    for _ in range(20):
        with subprocess.Popen(run, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0.2, 1.6))
            process.kill()
        now = rows(tmp_path / "s.db")
        assert now[: len(before)] == before
        before = now
    subprocess.run(run, cwd=tmp_path, env=environment, check=True, timeout=100, stderr=subprocess.DEVNULL)
    complete = rows(tmp_path / "s.db")
    assert complete[: len(before)] == before
    digests = {digest for digest, *_ in complete}
    assert len(digests) == 12
    assert sorted((digest, visit) for digest, visit, *_ in complete) == sorted(product(digests, (1, 2, 3, 4)))
    assert all(len(json.loads(run)["runs_s"]) == 2 for _, _, run, _ in complete)


def test_nothing_is_visited_again_before_everything_was_visited(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN.replace("1:12:1", "1:3:1"), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command("--store", "s.db", visits=3), cwd=tmp_path, env=environment, check=True, timeout=100)
    taken = [(digest, visit) for digest, visit, *_ in rows(tmp_path / "s.db")]
    assert [visit for _, visit in taken] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert len(set(taken)) == 9


def test_a_quicker_moment_makes_earlier_visits_due_again_within_the_bound(tmp_path: Path) -> None:
    current = Session(backend("onnxruntime"), CONDITIONS)
    slow, quick = (configuration("op", "conv2d", {"hw": hw}, "float32") for hw in (8, 9))
    run = Run((), (1.0, 1.0), Reading(1.0), Reading(1.0))
    with opened(tmp_path / "s.db", create=True) as store:

        def due(*plan: Configuration) -> list[Configuration]:
            return Progress(plan, current, store, Protocol(visits=3, max_visits=4)).due

        for visit in (1, 2, 3):
            store.add(current.key(slow), visit, slow, CONDITIONS, run)
        assert due(slow) == []
        store.add(current.key(quick), 1, quick, CONDITIONS, replace(run, before=Reading(0.8)))
        assert due(slow) == [slow]
        store.add(current.key(slow), 4, slow, CONDITIONS, run)
        assert due(slow, quick) == [quick]


def test_a_disk_that_is_full_is_one_line_and_what_was_measured_stays(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    done = subprocess.run(
        command("--store", "s.db", visits=4),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "s.db: cannot be used as a store: " in done.stderr
    assert 0 < len(rows(tmp_path / "s.db")) < 48
