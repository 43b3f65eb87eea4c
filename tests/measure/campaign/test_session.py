"""A plan is measured on each real runtime of this machine, and what fails is recorded."""

from __future__ import annotations

import csv
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from stairline.measure.runtimes.registry import LIBRARIES
from tests.checkout import ROOT
from tests.measure.specimens import ONCE, stairline

PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
kernel = 3
sweep = { cout = "8:16:8" }
[[measure]]
op = "conv2d"
kernle = 3
[[measure]]
file = "absent.tflite"
"""


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_plan_is_measured_on_a_real_runtime_and_what_fails_is_recorded(tmp_path: Path, name: str) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    arguments = ("measure", "run", "p.toml", "-b", name, "--store", "s.db", *ONCE)
    first = stairline(*arguments, cwd=tmp_path)
    assert (first.returncode, first.stderr.split(";")[0]) == (0, "s.db: 2 measured and 2 failed now, 0 before, 0 left")
    again = stairline(*arguments, cwd=tmp_path)
    assert again.stderr.strip() == "s.db: 0 measured and 0 failed now, 4 before, 0 left; 0 visits"
    shown = stairline("measure", "show", "s.db", cwd=tmp_path).stdout
    assert "conv: has no setting 'kernle'" in shown
    assert shown.index("cout=8 ") < shown.index("cout=16 ")
    assert "absent.tflite: " in shown
    stairline("measure", "plot", "s.db", "--sweep", "cout", "-o", "p.svg", cwd=tmp_path)
    assert "</svg>" in (tmp_path / "p.svg").read_text(encoding="utf-8")
    stairline("measure", "export", "s.db", "--csv", "out.csv", cwd=tmp_path)
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    package = {"tflite": "ai-edge-litert", "tflite-builtin": "ai-edge-litert"}.get(name, name)
    assert {row["net"] for row in rows} == {f"conv2d hw=8 cin=8 cout={c} kernel=3" for c in (8, 16)}
    for row in rows:
        assert 0 < float(row["min_ms"]) <= float(row["latency_ms"]) <= float(row["median_ms"]) <= float(row["p95_ms"])
        assert row["runtime_version"].startswith(version(package))
        assert float(row["drift"]) >= 1


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("tflite", "ai_edge_litert", "ai-edge-litert"),
        ("onnxruntime", "onnxruntime", "onnxruntime"),
        ("openvino", "openvino", "openvino"),
    ],
)
def test_a_missing_runtime_is_one_sentence(tmp_path: Path, name: str, module: str, package: str) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    hidden = f"import sys\nsys.modules['{module}'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    done = stairline(
        *("measure", "run", "p.toml", "-b", name, "--store", "s.db"),
        cwd=tmp_path,
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{package} is not installed" in done.stderr
    assert "pip install 'stairline[measure]'" in done.stderr
    assert not (tmp_path / "s.db").exists()
