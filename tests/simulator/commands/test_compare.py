"""``stairline compare``: a table of platforms by networks, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from .running import in_terminal, printed, run, without_colour


def test_compare_prints_a_row_for_each_platform(toy: Path, accelerator: Path) -> None:
    text = printed("compare", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", accelerator)
    header, first, second = text.splitlines()[:3]
    assert header.split() == ["ms", "precision", "mobilenet_v2", "mobilenet_v1"]
    assert [line.split()[:2] for line in (first, second)] == [["toy", "float32"], ["accelerator", "float32"]]
    assert second.endswith("*")
    assert "* falls_back" in text
    assert "globalavgpool2d is not in the operator list" in text


def test_a_network_without_a_prediction_has_a_place_and_a_reason_and_the_others_their_latency(
    toy: Path, tmp_path: Path
) -> None:
    without = tmp_path / "without.toml"
    text = toy.read_text(encoding="utf-8").replace('name = "toy"', 'name = "without"')
    without.write_text(text.replace('kernels."add|', 'kernels."'), encoding="utf-8")
    result = run("compare", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", without)
    assert result.exit_code == 3
    assert "1 of 4 have no prediction" in result.stderr
    row = next(line for line in result.stdout.splitlines() if line.startswith("without"))
    assert row.split()[2] == "-"
    assert float(row.split()[3]) > 0
    assert "no model for operator 'add'" in result.stdout


def test_compare_gives_programs_a_row_or_an_object_for_each_platform(toy: Path, accelerator: Path) -> None:
    asked = ("compare", "mobilenet_v2", "mobilenet_v1", "-p", toy, "-p", accelerator)
    rows = list(csv.DictReader(io.StringIO(printed(*asked, "--csv", "-"))))
    records = [json.loads(line) for line in printed(*asked, "--json").splitlines()]
    assert [row["platform"] for row in rows] == [record["platform"] for record in records] == ["toy", "accelerator"]
    for row, record in zip(rows, records):
        for one in record["predictions"]:
            assert float(row[f"{one['network']} ms"]) == pytest.approx(one["latency_ms"], rel=1e-5)
            assert row[f"{one['network']} status"] == one["status"]


def test_all_platforms_are_readable_in_80_columns() -> None:
    lines = without_colour(in_terminal("compare", "mobilenet_v1", "mobilenet_v2", "resnet_v1_50")).splitlines()
    assert max(map(len, lines)) <= 80
    # One line for a platform in each of the two tables that the three networks need.
    assert sum(line.startswith("epyc-9004-onnxruntime1.32 ") for line in lines) == 2
