"""``stairline calibrate`` on real runtimes, with a budget of seconds."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from stairline.command import main
from stairline.hwmodels import load
from stairline.measure.plan.configuration import configuration
from stairline.measure.store.store import Key, opened
from stairline.measure.timing.record import Conditions, Reading, Run
from tests.checkout import ROOT
from tests.interrupts import take_interrupts

SHORT = 0.1
"""Minutes in which a dozen small operators are measured."""


def started(directory: Path, *options: str) -> subprocess.Popen[str]:
    """The command as a process of its own, in a directory where it keeps its store and its overlay."""
    command = [sys.executable, "-m", "stairline", "calibrate", "-b", "tflite", "-o", "mine.toml", *options]
    return subprocess.Popen(
        command,
        cwd=directory,
        # Sessions take turns by a file of the temporary directory: here no time has to be right.
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=take_interrupts,
    )


def visits(directory: Path) -> dict[tuple[str, int], str]:
    """When each visit in the store was taken."""
    with closing(sqlite3.connect(directory / "mine.db")) as connection:
        rows = connection.execute("SELECT digest, visit, run FROM record").fetchall()
    return {(digest, visit): run for digest, visit, run in rows}


def wait_for(directory: Path, count: int) -> None:
    """Until that many visits are in the store."""
    end_s = time.monotonic() + 120.0
    while time.monotonic() < end_s:
        if (directory / "mine.db").is_file():
            try:
                if len(visits(directory)) >= count:
                    return
            except sqlite3.OperationalError:
                pass  # The table is being made.
        time.sleep(0.05)
    raise AssertionError(f"no {count} visits in 120 s")


def test_what_was_measured_before_a_kill_is_not_measured_again(tmp_path: Path) -> None:
    process = started(tmp_path, "--minutes", "1", "--force")
    wait_for(tmp_path, 8)
    process.kill()
    process.communicate()
    before = visits(tmp_path)
    again = started(tmp_path, "--minutes", str(SHORT), "--force")
    output, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert "; the time is spent" in errors
    assert "x86-xnnpack-litert" in output
    after = visits(tmp_path)
    assert before.items() <= after.items()
    assert len(after) > len(before)
    mine = load(tmp_path / "mine.toml")
    assert mine.overlay is not None
    assert mine.overlay.calibration.conditions["backend"] == "tflite"


def test_ctrl_c_ends_with_a_fit_of_what_there_is(tmp_path: Path) -> None:
    process = started(tmp_path, "--minutes", "1", "--force")
    wait_for(tmp_path, 8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "interrupted: fitting what there is" in errors
    assert load(tmp_path / "mine.toml").overlay is not None


def test_an_accelerator_whose_compiler_tells_its_time_is_calibrated(tmp_path: Path) -> None:
    output = tmp_path / "mine.toml"
    # An Arm core is a poor base of an NPU, and how much is measured depends on the machine: the fit may be worse.
    options = ["-b", "vela-ethos-u55-128", "-p", "CPU", "--minutes", "0.6", "--force", "-o", str(output)]
    done = CliRunner().invoke(main, ["calibrate", *options])
    assert done.exit_code == 0, done.output
    assert load(output).overlay is not None
    assert load(output).dtypes == ("int8",)


def test_a_base_of_another_kind_of_processor_is_not_taken_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    done = CliRunner().invoke(main, ["calibrate", "-b", "tflite", "-o", str(tmp_path / "mine.toml")])
    assert done.exit_code == 2
    assert "give -p BASE" in done.output


def test_a_store_of_other_conditions_is_refused_before_time_is_spent(tmp_path: Path) -> None:
    one = configuration("op", "conv2d", {"hw": 8, "cin": 8}, "float32")
    elsewhere = Conditions("board", "another cpu", (), None, None, (0,), 1, "LiteRT", "1", "XNNPACK", dtype="float32")
    with opened(tmp_path / "mine.db", create=True) as store:
        run = Run((), (1e-3, 1e-3), Reading(1.0), Reading(1.0))
        store.add(Key(one.digest, "tflite", "float32", elsewhere.setting_digest), 1, one, elsewhere, run)
    done = CliRunner().invoke(main, ["calibrate", "-b", "tflite", "-o", str(tmp_path / "mine.toml")])
    assert done.exit_code == 2
    assert "mine.db: was measured where device was 'board'" in done.output
    assert "give another --store" in done.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["-b", "rknn"], "no platform is the base of every rknn: give -p BASE"),
        (["-b", "tflite", "--on", "ssh:me@board"], "name the platform to start from with -p"),
        (["-b", "tflite", "--dtype", "int4"], "x86-xnnpack-litert has float32"),
        (["-b", "tflite", "--threads", "999"], "--threads 999: this process may use"),
        (["-b", "tflite", "-p", "Cpu0"], "unknown platform 'Cpu0'"),
        (["-b", "tflite", "--target", "5"], "5.0 is not in the range"),
        (["-b", "tflite", "-o", "mine.txt"], "a platform file ends in .toml"),
    ],
)
def test_a_bad_option_is_one_line_and_nothing_is_measured(
    tmp_path: Path, options: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["calibrate", "-o", "mine.toml", *options])
    assert done.exit_code == 2
    assert complaint in done.output
    assert list(tmp_path.iterdir()) == []
