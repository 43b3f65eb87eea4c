"""The verbs ``space``: sampled networks as a report and as CSV, and what is refused in one line."""

from __future__ import annotations

import csv

import pytest

from .running import printed, run


def test_a_csv_has_a_row_for_each_network_and_platform_and_its_codes_can_be_read_again(tmp_path):
    first, second, codes = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "codes.txt"
    drawn = run("space", "predict", "resnet50_widths", "-p", "CPU", "-p", "NPU", "-n", "3", "--csv", str(first))
    assert drawn.exit_code == 0, drawn.output
    rows = list(csv.DictReader(first.open()))
    assert len(rows) == 6
    codes.write_text("".join(f"{row['code']}\n" for row in rows[:3]))
    run("space", "predict", "resnet50_widths", "-p", "CPU", "--codes", str(codes), "--csv", str(second))
    assert [row["latency_ms"] for row in csv.DictReader(second.open())] == [row["latency_ms"] for row in rows[:3]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "nothing", "-p", "CPU"], "no space is called 'nothing'"),
        (["predict", "fbnet", "-p", "CPU", "--dtype", "int3"], "no such precision"),
        (["predict", "resnet50_widths", "-p", "CPU", "-n", "1", "--csv", "/nowhere/x.csv"], "cannot be written"),
        (["reduce", "fbnet", "-p", "CPU", "--tolerance", "2"], "2"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(arguments, words):
    found = run("space", *arguments)
    assert found.exit_code == 2
    (line,) = found.output.splitlines()
    assert words in line


def test_every_space_is_listed_with_its_size():
    """Tan et al. 2019: 432 settings of each of five blocks."""
    assert f"{432**5:.3g}" in printed("space", "list")
