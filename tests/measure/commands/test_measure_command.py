"""The command ``measure``: plans that it writes, and what it says of bad input."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.plan import file as plan
from tests.measure.specimens import stairline

PLAN = """schema = 1
[[measure]]
op = "conv2d"
hw = 8
cin = 8
kernel = 3
"""


def test_the_command_writes_the_plan_it_was_asked_for(tmp_path: Path) -> None:
    done = stairline(
        *("measure", "plan", "--op", "conv2d", "--hw", 28, "--cin", 320, "--kernel", 3, "--sweep", "cout=8:264:8"),
        *("-o", "p.toml"),
        cwd=tmp_path,
    )
    assert done.stderr.strip() == "p.toml: 33 configurations"
    (entry,) = plan.read(tmp_path / "p.toml")
    assert entry == plan.Entry("op", "conv2d", {"hw": 28, "cin": 320, "kernel": 3}, "float32", entry.sweep)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("plan", "mobilenet_v9", "-o", "p.toml"), "mobilenet_v9"),
        (("plan", "absent.onnx", "-o", "p.toml"), "absent.onnx: no such file"),
        (("plan", "--op", "conv2d", "--sweep", "cout=8", "-o", "p.toml"), "first:last:step"),
        (("plan", "-o", "p.toml"), "nothing to measure"),
        (("show", "absent.db"), "absent.db: no such file"),
        (("run", "absent.toml", "-b", "tflite", "--store", "s.db"), "absent.toml: cannot be read"),
        (("run", "good.toml", "-b", "onnxruntime", "--store", "s.db", "--threads", "9999"), "--threads 9999"),
        (("run", "good.toml", "-b", "tflite", "--store", "s.db", "--max-visits", "1"), "--visits 5 asks for more"),
        (("run", "good.toml", "-b", "onnxruntime", "--store", "absent/s.db"), "absent/s.db: cannot be used as a store"),
        (("show", "good.toml"), "good.toml: cannot be used as a store"),
        (("export", "good.toml"), "give --csv, --parquet or both"),
        (("plot", "absent.db", "--sweep", "cout", "-o", "p.png"), "absent.db: no such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    (tmp_path / "good.toml").write_text(PLAN, encoding="utf-8")
    done = stairline("measure", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert complaint in done.stderr
