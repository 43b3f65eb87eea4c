"""Plan files: written as they are read, and refused with the place of what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from stairline.measure.plan import file as plan


def test_a_sweep_meets_both_ends() -> None:
    entry = plan.Entry("op", "conv2d", {"hw": 28, "cin": 320}, "float32", plan.swept_setting("cout", "8:264:8"))
    widths = [dict(c.settings)["cout"] for c in plan.configurations([entry])]
    assert (widths[0], widths[-1], len(widths)) == (8, 264, 33)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    entries = (
        plan.Entry("op", "se", {"hw": 8, "gate": 'a"b'}, "int8", plan.swept_setting("cin", "8:16:4")),
        plan.Entry("model", "mobilenet_v1", {"width": 0.5}, "float32"),
        plan.Entry("file", "netz größe.tflite", {}, "file"),
    )
    (tmp_path / "p.toml").write_text(plan.write(entries), encoding="utf-8")
    assert plan.read(tmp_path / "p.toml") == entries


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("schema = 1", "asks for nothing"),
        ("schema = 9", "schema = 9"),
        ("schema =", "not TOML"),
        ('schema = 1\n[[measure]]\nop = "se"\nmodel = "x"', "measure 1: name what to measure by exactly one"),
        ('schema = 1\n[[measure]]\nop = "se"\nsweep = { hw = "8:4:1" }', "measure 1: sweep hw=8:4:1"),
        ('schema = 1\n[[measure]]\nop = "se"\nhw = [1]', r"hw = \[1\]"),
        ('schema = 1\n[[measure]]\nfile = "a.tflite"\nhw = 1', "leave hw out"),
        ('schema = 1\n[[measure]]\nmodel = "mobilenet_v1"\ncout = 1', "'cout'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(plan.PlanError, match=complaint) as caught:
        plan.read(path)
    assert str(path) in str(caught.value)
