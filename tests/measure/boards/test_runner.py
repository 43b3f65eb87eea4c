"""The archive that is sent to a board: the folder ``timing/`` whole, and nothing that a board does not have."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from stairline.measure.boards import runner
from stairline.measure.timing import protocol
from tests.checkout import ROOT

TIMING = sorted((ROOT / "measure" / "timing").glob("*.py"))
DESCRIBE = {"duty": "describe", "backend": "tflite", "threads": 1}
OLDEST = (3, 9)
"""The oldest Python that a board may have (docs/measure.md)."""


def reply(python: str, place: Path, request: dict[str, Any]) -> dict[str, Any]:
    (place / "r.pyz").write_bytes(runner.archive())
    command = [python, "-I", place / "r.pyz", json.dumps(request)]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def old_python() -> str:
    """An interpreter of the oldest version, or the test is skipped."""
    name = ".".join(map(str, OLDEST))
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{name}*/bin/python{name}"))
    for python in [*map(str, beside), shutil.which(f"python{name}")]:
        if python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip(f"Python {name} is not installed")


def test_the_archive_holds_every_file_of_the_folder_as_it_is() -> None:
    with zipfile.ZipFile(BytesIO(runner.archive())) as file:
        held = {name: file.read(name) for name in file.namelist()}
    assert held.pop("__main__.py")
    assert held == {f"{runner.PACKAGE}/{path.name}": path.read_bytes() for path in TIMING}


def test_the_archive_is_known_by_its_content() -> None:
    assert runner.archive() == runner.archive()


def test_what_a_board_runs_imports_nothing_of_other_rooms() -> None:
    for path in TIMING:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level in (0, 1), f"{path}: imports from above"
                names = [node.module or ""] if node.level == 0 else []
            assert not any(name.split(".")[0] in ("stairline", "tests") for name in names), f"{path}: {names}"


def test_what_a_board_runs_uses_nothing_that_its_python_lacks() -> None:
    version = ".".join(map(str, OLDEST))
    vermin = [sys.executable, "-c", "from vermin import main; main()"]
    command = [*vermin, f"--target={version}-", "--no-tips", "--violations", *map(str, TIMING)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_runner_needs_nothing_but_python_and_a_tflite_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("scipy", "stairline", "click", "pandas", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('stranger')\n", encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    conditions = json.loads(reply(sys.executable, tmp_path, DESCRIBE)["conditions"])
    assert (conditions["runtime"], conditions["delegate"], conditions["threads"]) == ("LiteRT", "XNNPACK", 1)


def test_the_runner_runs_on_the_oldest_python_that_a_board_may_have(tmp_path: Path) -> None:
    # This Python has no TFLite runtime: that the runner can say so takes every module of the folder.
    failure = reply(old_python(), tmp_path, DESCRIBE)["failure"]
    assert failure.startswith("ai-edge-litert is not installed")


def test_a_runtime_that_a_user_installed_for_himself_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = old_python()
    monkeypatch.setenv("HOME", str(tmp_path))
    found = subprocess.run([python, "-m", "site", "--user-site"], capture_output=True, text=True, check=False)
    assert found.stdout.startswith(str(tmp_path))
    packages = Path(found.stdout.strip())
    (packages / "tflite_runtime").mkdir(parents=True)
    (packages / "tflite_runtime" / "interpreter.py").write_text("", encoding="ascii")
    (packages / "tflite_runtime-2.5.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: tflite-runtime\nVersion: 2.5\n"
    (packages / "tflite_runtime-2.5.dist-info" / "METADATA").write_text(metadata, encoding="ascii")
    conditions = json.loads(reply(python, tmp_path, DESCRIBE)["conditions"])
    assert conditions["runtime_version"] == "tflite-runtime 2.5"


def test_a_failure_of_the_runtime_is_the_reply(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"no model at all")
    request = DESCRIBE | {"duty": "measure", "path": str(tmp_path / "m.tflite"), "protocol": protocol.DEFAULT._asdict()}
    assert reply(sys.executable, tmp_path, request)["failure"].startswith("ValueError: ")
