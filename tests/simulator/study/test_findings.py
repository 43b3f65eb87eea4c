"""Which findings hold on which platforms, beside what the paper says."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from stairline import hwmodels
from stairline.simulator.page.study import chapter, report, write_report
from stairline.simulator.study import shapes
from stairline.simulator.study.findings import FINDINGS, PAPER_PLATFORMS, UNTESTED, Verdict, verdicts
from stairline.simulator.study.results import Results
from tests.simulator.commands.running import run
from tests.simulator.page.browser import CHROMIUM, seen

APART = {("GPU", 8), ("VPU", 9)}
"""Where predictions and the paper part: small steps for a fluctuating line, and DenseBlock ahead on the VPU."""


@cache
def found(alias: str) -> tuple[Verdict, ...]:
    platform = hwmodels.load(alias)
    return verdicts(Results(platform, platform.dtypes[0]), alias)


def test_the_paper_has_nine_findings_and_says_of_each_where_it_holds():
    assert [finding.number for finding in FINDINGS] == list(range(1, 10))
    for finding in FINDINGS:
        assert not set(finding.holds_on) & set(finding.fails_on)
        assert {*finding.holds_on, *finding.fails_on} <= set(PAPER_PLATFORMS)


@pytest.mark.parametrize("alias", PAPER_PLATFORMS)
def test_predictions_meet_the_findings_where_the_paper_states_them(alias):
    apart = {(alias, verdict.finding.number) for verdict in found(alias) if verdict.agrees is False}
    assert apart == {where for where in APART if where[0] == alias}


def test_accuracy_is_never_predicted():
    assert {found(alias)[5].word for alias in PAPER_PLATFORMS} == {UNTESTED}


def test_the_evidence_names_the_step_that_the_paper_measured():
    # Fig. 4: steps of 8 channels on the CPU, of 64 on the DSP; Fig. B.3: a zig-zag of 16 on the CPU.
    assert "8, 16, 24, 32" in found("CPU")[0].evidence
    assert "64, 128, 192, 256" in found("DSP")[0].evidence
    assert found("CPU")[7].evidence.endswith("every 16")


def test_a_platform_without_a_model_of_an_operator_is_studied_as_far_as_it_goes(toy):
    platform = hwmodels.load(toy)
    one = chapter(Results(platform, "float32"), "toy")
    assert one.verdicts[0].word == "holds"
    assert one.verdicts[2].word == UNTESTED
    assert "no model for operator" in one.verdicts[2].evidence
    assert any("no model for operator" in reason for reason in one.missing)
    assert one.figures


def test_a_zigzag_falls_at_equal_distances():
    assert shapes.zigzag_width(range(12), [0, 2, 3, 1, 3, 4, 2, 4, 5, 3, 5, 6]) == 3.0
    assert shapes.zigzag_width(range(7), [0, 2, 1, 3, 4, 3.5, 6]) == 3.0
    assert shapes.zigzag_width(range(9), [0, 2, 1, 3, 4, 3.5, 6, 5, 7]) is None
    assert shapes.zigzag_width(range(4), [0, 1, 2, 3]) is None


def test_the_report_is_a_page_and_a_table(tmp_path):
    platform = hwmodels.load("CPU")
    page, table = write_report([chapter(Results(platform, "float32"), "CPU")], tmp_path / "made")
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "as in the paper" in text
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert [row["finding"] for row in rows] == [str(finding.number) for finding in FINDINGS]
    assert {row["platform"] for row in rows} == {"mi9-cortexa76-tflite2.1"}


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_browser_shows_the_report_on_a_phone_without_sideways_scrolling(tmp_path: Path):
    platform = hwmodels.load("GPU")
    shown = seen(report([chapter(Results(platform, "float16"), "GPU")]), tmp_path, 390)
    assert shown.complaints == []
    assert shown.opened_width <= shown.width


def test_the_command_writes_what_it_can_and_says_what_is_missing(toy, tmp_path):
    result = run("study", "-p", toy, "-o", tmp_path / "report")
    assert result.exit_code == 3
    assert "toy: figures left out" in result.stderr
    assert (tmp_path / "report" / "index.html").exists()
