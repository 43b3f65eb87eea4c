"""What the installation without extras does, and what it says where a verb needs one: packages are hidden for it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stairline.extras import EXTRAS, remedy
from stairline.simulator.graph.graph import Graph
from stairline.simulator.readers.layer_table.writer import write_table
from stairline.simulator.zoo import build_block
from tests.checkout import ROOT

DISTRIBUTIONS = {
    "ai-edge-litert": "ai_edge_litert",
    "ethos-u-vela": "ethosu",
    "pillow": "PIL",
    "tensorflow-cpu": "tensorflow",
    "xgboost-cpu": "xgboost",
}
"""The names that packages are imported under, where they are not those of their distributions."""


def without_extras(*arguments: str, cwd: Path, hidden: tuple[str, ...] = tuple(EXTRAS)) -> tuple[int, str, str]:
    """Exit code, output and complaints of the command where neither it nor its children can import certain packages."""
    (cwd / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({hidden!r}))\n", "utf-8")
    command = [sys.executable, "-P", "-m", "stairline", *arguments]
    environment = {"PYTHONPATH": f"{ROOT}:{cwd}", "PATH": "/usr/bin:/bin", "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def table_of(count: int, path: Path) -> None:
    """A layer table of that many convolutions, each of another width."""
    found = (build_block("conv", 7, 16, 3, c_out=width) for width in range(1, count + 1))
    write_table(
        (Graph(f"net_{place}", g.tensors, g.layers, g.inputs, g.outputs) for place, g in enumerate(found)), path
    )


def test_the_extras_of_the_code_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, set[str]] = {}
    for extra in ("batch", "calibrate", "measure", "plot", "torch"):
        for requirement in project["optional-dependencies"][extra]:
            [distribution] = re.findall(r"^[\w.-]+", requirement)
            if distribution != "stairline":
                found.setdefault(DISTRIBUTIONS.get(distribution, distribution), set()).add(extra)
    found["numba"].add("calibrate")  # by way of the extra batch
    assert found == {package: set(extras) for package, extras in EXTRAS.items()}


def test_a_package_of_no_extra_has_no_remedy() -> None:
    assert (remedy("pandas.core", "predict"), remedy(None, None)) == (None, None)


@pytest.mark.parametrize("model", ["mobilenet_v2", "table.csv", "table.csv.gz", "table.parquet"])
def test_predictions_need_no_extra(tmp_path: Path, model: str) -> None:
    if model.startswith("table"):
        table_of(3, tmp_path / model)
    for verb in (["predict", "-p", "CPU", "--json"], ["predict", "-p", "all", "--csv", "out.csv"], ["compare"]):
        code, _, complaints = without_extras(*verb, model, cwd=tmp_path)
        assert code == 0, complaints


def test_a_batch_without_the_compiler_gives_the_same_numbers_and_says_what_would_be_quicker(tmp_path: Path) -> None:
    table_of(1000, tmp_path / "table.csv")
    arguments = ("predict", "table.csv", "-p", "CPU", "--csv", "-")
    compiled, alone = (without_extras(*arguments, cwd=tmp_path, hidden=hidden) for hidden in ((), ("numba",)))
    assert (compiled[0], compiled[2]) == (0, "")
    assert alone[:2] == compiled[:2]
    assert alone[2] == (
        "stairline: 1000 predictions are made one by one: pip install 'stairline[batch]' to compile the models\n"
    )


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("fit", "r.csv", "--layers", "table.csv", "-p", "CPU", "-o", "mine.toml"), "calibrate"),
        (("transfer", "pixel4-cortexa76-tflite2.1", "r.csv", "-o", "mine.toml"), "calibrate"),
        (("fit", "r.csv", "-p", "CPU", "-o", "mine.toml", "--report", "mine.html"), "plot"),
        (("measure", "run", "p.toml", "-b", "onnxruntime", "--store", "s.db"), "measure"),
        (("measure", "run", "p.toml", "-b", "tflite", "--store", "s.db"), "measure"),
        (("measure", "run", "p.toml", "-b", "openvino", "--store", "s.db"), "measure"),
        (("measure", "energy", "trace.csv"), "measure"),
        (("calibrate", "-b", "onnxruntime", "-o", "mine.toml"), "calibrate"),
    ],
)
def test_a_verb_without_its_extra_names_it_in_one_line(tmp_path: Path, arguments: tuple[str, ...], extra: str) -> None:
    table_of(9, tmp_path / "table.csv")
    rows = [f"net_{place},{1 + place}" for place in range(9)]
    (tmp_path / "r.csv").write_text("\n".join(["net,latency_ms", *rows]), encoding="utf-8")
    (tmp_path / "p.toml").write_text('schema = 1\n[[measure]]\nop = "conv2d"\nhw = 8\ncin = 8\n', encoding="utf-8")
    (tmp_path / "trace.csv").write_text("time_s,power_w\n" + "".join(f"{i},{1 + i % 7}\n" for i in range(500)))
    hidden = tuple(package for package, extras in EXTRAS.items() if extra in extras)
    code, output, complaint = without_extras(*arguments, cwd=tmp_path, hidden=hidden)
    assert (code, output) == (2, ""), complaint
    assert complaint.count("\n") == 1
    assert f"pip install 'stairline[{extra}]'" in complaint
