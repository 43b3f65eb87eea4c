"""Boards reached by adb: the real client, and a stand-in for it with a device."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from stairline.measure.boards.transports.target import transport
from stairline.measure.boards.transports.transport import TransportError
from stairline.measure.timing.record import Measurement

from .measured import measured, outcomes


@pytest.mark.skipif(shutil.which("adb") is None, reason="adb is not installed")
def test_the_real_adb_without_a_device_is_one_sentence(tmp_path: Path) -> None:
    done = measured("-b", "benchmark_model", "--on", "adb", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "adb: no device is ready; plug one in" in done.stderr


STAND_IN = """#!{python}
# Stands in for adb and one device: what it is asked to run, it runs here; where it is asked to push, it copies.
import os, shutil, subprocess, sys
words = sys.argv[1:]
if words == ["devices"]:
    print("List of devices attached\\n" + {devices!r})
    sys.exit(0)
assert words[:2] == ["-s", "emulator-1"], words
here = lambda path: path.replace("/data/local/tmp", {home!r})
if words[2] == "push":
    shutil.copyfile(words[3], here(words[4]))
    print("1 file pushed")
else:
    sys.exit(subprocess.run(["sh", "-c", here(words[3])]).returncode)
"""


TOOL = """#!/bin/sh
# Stands in for benchmark_model: it prints what the real one does.
echo "count=5 first=900 curr=500 min=480 max=900 avg=600 std=100"
echo "count=17 first=520 curr=500 min=490 max=530 avg=505.5 std=9"
"""


def stand_in(home: Path, devices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-in before any real adb, with its device's files below ``home``."""
    (home / "bin").mkdir()
    (home / "device").mkdir()
    text = STAND_IN.format(python=sys.executable, devices=devices, home=str(home / "device"))
    for path, content in ((home / "bin" / "adb", text), (home / "device" / "benchmark_model", TOOL)):
        path.write_text(content, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")


def test_benchmark_model_is_driven_over_adb_as_a_stand_in_answers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "emulator-1\tdevice\n", monkeypatch)
    done = measured("-b", "benchmark_model", "--on", "adb", cwd=tmp_path)
    assert "2 measured and 0 failed now" in done.stderr, done.stderr
    for found in outcomes(tmp_path / "s.db"):
        assert isinstance(found, Measurement)
        assert found.latency_s == pytest.approx(505.5e-6)
        assert (found.run_count, found.statistics.min_s) == (17, pytest.approx(490e-6))
        assert np.isnan(found.statistics.p95_s)


@pytest.mark.parametrize(
    ("devices", "target", "complaint"),
    [
        ("", "adb", "no device is ready"),
        ("a\tdevice\nb\tdevice\n", "adb", "several are: a, b; write adb:SERIAL"),
        ("a\tunauthorized\n", "adb:a", "unauthorized; allow debugging on its screen; ready are none"),
        ("a\tdevice\n", "adb:b", "not connected; ready are a"),
    ],
)
def test_which_device_is_meant_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: str, target: str, complaint: str
) -> None:
    stand_in(tmp_path, devices, monkeypatch)
    with pytest.raises(TransportError, match=complaint):
        transport(target)
